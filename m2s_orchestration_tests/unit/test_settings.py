from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from m2s_orchestration.settings import Settings
from m2s_orchestration_tests.unit.environments import (
    EVERYTHING,
    LEAST,
    PARTS,
    SECRET,
    fault,
    faults,
    read,
)


def test_everything_can_be_set() -> None:
    settings = Settings.from_environment(EVERYTHING)

    assert conninfo_to_dict(settings.database) == {
        "dbname": "club",
        "user": "m2s",
        "password": SECRET,
        "host": "db.example.org",
        "port": "5433",
        "sslmode": "require",
    }
    assert asdict(settings.smtp) == {
        "host": "smtp.example.org",
        "port": 2525,
        "encryption": "starttls",
        "user": "apikey",
        "password": f"smtp-{SECRET}",
        "timeout": 12.5,
        "idempotency_header": "Resend-Idempotency-Key",
    }
    rest = {
        name: value for name, value in vars(settings).items() if name not in {"database", "smtp"}
    }
    assert rest == {
        "connections": 4,
        "default_from": "Club Mail <info@example.org>",
        "dev_mode": True,
        "redirect_to": ("dev@example.org", "ops@example.org"),
        "site_url": "https://www.example.org",
        "members_mailing_list": "members@example.org",
        "operators_email": "operators@example.org",
        "media_url": "https://media.example.org/",
        "media_store": "/srv/media",
        "dagster_url": "https://dagster.example.org",
        "application_command": ("/srv/club/bin/python", "/srv/club site/manage.py"),
        "application_image": "club/web:42",
        "application_pod": {"containers": [{"workingDir": "/srv"}]},
    }


def test_what_may_be_left_out_has_a_default() -> None:
    settings = read()

    assert asdict(settings.smtp) == {
        "host": "smtp.example.org",
        "port": 25,
        "encryption": "none",
        "user": "",
        "password": "",
        "timeout": 30.0,
        "idempotency_header": None,
    }
    rest = {
        name: value for name, value in vars(settings).items() if name not in {"database", "smtp"}
    }
    assert rest == {
        "connections": 2,
        "default_from": None,
        "dev_mode": False,
        "redirect_to": (),
        "site_url": None,
        "members_mailing_list": None,
        "operators_email": None,
        "media_url": None,
        "media_store": None,
        "dagster_url": None,
        "application_command": (),
        "application_image": None,
        "application_pod": {},
    }


@pytest.mark.parametrize("name", sorted(set(EVERYTHING) - set(PARTS) - {"EMAIL_DEV_MODE"}))
def test_what_is_empty_is_not_set(name: str) -> None:
    assert read(**{name: "  "}) == read()


def test_the_process_is_asked_if_nothing_else_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in EVERYTHING.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("DATABASE_URL", raising=False)

    assert Settings.from_environment() == Settings.from_environment(EVERYTHING)


@pytest.mark.parametrize("name", sorted(EVERYTHING))
def test_each_may_come_from_a_file(name: str, tmp_path: Path) -> None:
    file = tmp_path / "value"
    file.write_text(f"{EVERYTHING[name]}\n", encoding="utf-8")
    environment = {key: value for key, value in EVERYTHING.items() if key != name}

    settings = Settings.from_environment({**environment, f"{name}_FILE": str(file)})

    assert settings == Settings.from_environment(EVERYTHING)


def test_the_database_url_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text(LEAST["DATABASE_URL"], encoding="utf-8")

    settings = Settings.from_environment(
        {"DATABASE_URL_FILE": str(file), "EMAIL_HOST": "smtp.example.org"}
    )

    assert settings == read()


def test_a_file_that_is_not_there_is_told_once() -> None:
    told = faults({"DATABASE_URL": LEAST["DATABASE_URL"], "EMAIL_HOST_FILE": "/no/such/file"})

    assert "1 fault(s)" in told
    assert "EMAIL_HOST_FILE names '/no/such/file', which cannot be read" in told


def test_a_file_that_is_not_text_is_told_and_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "value"
    file.write_bytes(SECRET.encode() + b"\xff")

    told = fault(EMAIL_HOST_PASSWORD_FILE=str(file), EMAIL_HOST_USER="apikey")

    assert "EMAIL_HOST_PASSWORD_FILE" in told
    assert SECRET not in told


def test_a_value_and_a_file_contradict_each_other(tmp_path: Path) -> None:
    file = tmp_path / "value"
    file.write_text("smtp.example.org", encoding="utf-8")

    assert "EMAIL_HOST and EMAIL_HOST_FILE are both set" in fault(EMAIL_HOST_FILE=str(file))


def test_all_faults_are_told_at_once() -> None:
    told = faults(
        {
            "DB_PORT": "0",
            "EMAIL_PORT": "smtp",
            "EMAIL_USE_TLS": "maybe",
            "EMAIL_TIMEOUT": "soon",
            "EMAIL_CONNECTIONS": "33",
            "EMAIL_HOST_PASSWORD": SECRET,
            "EMAIL_DEV_MODE": "yes",
            "SITE_URL": "ftp://example.org",
        }
    )

    assert "12 fault(s)" in told
    for name in (
        "DB_NAME is not set",
        "DB_USER is not set",
        "DB_HOST is not set",
        "DB_PORT is '0'",
        "EMAIL_HOST is not set",
        "EMAIL_PORT is 'smtp'",
        "EMAIL_USE_TLS is 'maybe'",
        "EMAIL_TIMEOUT is 'soon'",
        "EMAIL_CONNECTIONS is '33'",
        "EMAIL_HOST_PASSWORD is set and EMAIL_HOST_USER is not",
        "EMAIL_DEV_MODE is on and EMAIL_DEV_MODE_REDIRECT_TO is empty",
        "SITE_URL is 'ftp://example.org'",
    ):
        assert f"  - {name}" in told
    assert SECRET not in told


def test_an_empty_environment_says_what_it_needs() -> None:
    told = faults({})

    assert "4 fault(s)" in told
    assert ".env.example" in told
    assert "or set DATABASE_URL" in told


@pytest.mark.parametrize("text", ["true", "TRUE", "1", "yes", "on", " True "])
def test_what_is_true(text: str) -> None:
    assert read(EMAIL_USE_TLS=text).smtp.encryption == "starttls"


@pytest.mark.parametrize("text", ["false", "False", "0", "no", "OFF", ""])
def test_what_is_false(text: str) -> None:
    assert read(EMAIL_USE_TLS=text).smtp.encryption == "none"


@pytest.mark.parametrize("text", ["maybe", "t", "2", "truee", "None"])
def test_what_is_neither(text: str) -> None:
    assert f"EMAIL_USE_SSL is {text!r}: write true or false" in fault(EMAIL_USE_SSL=text)


@pytest.mark.parametrize(
    ("tls", "ssl", "encryption", "port"),
    [("no", "no", "none", 25), ("yes", "no", "starttls", 587), ("no", "yes", "ssl", 465)],
)
def test_the_usual_port_goes_with_the_encryption(
    tls: str, ssl: str, encryption: str, port: int
) -> None:
    smtp = read(EMAIL_USE_TLS=tls, EMAIL_USE_SSL=ssl).smtp

    assert (smtp.encryption, smtp.port) == (encryption, port)


def test_two_encryptions_are_one_too_many() -> None:
    assert "both on" in fault(EMAIL_USE_TLS="yes", EMAIL_USE_SSL="yes")


@pytest.mark.parametrize("name", ["EMAIL_PORT"])
@pytest.mark.parametrize(
    "text", ["0", "65536", "-25", "25.0", "2 5", "٢٥", "²", "0x19", "9" * 5000]
)
def test_what_is_no_port(name: str, text: str) -> None:
    assert f"{name} is " in fault(**{name: text})


@pytest.mark.parametrize("text", ["1", "65535", "0025"])
def test_what_is_a_port(text: str) -> None:
    assert read(EMAIL_PORT=text).smtp.port == int(text)


@pytest.mark.parametrize("text", ["0", "-1", "601", "nan", "inf", "1e9", "30s"])
def test_what_is_no_time(text: str) -> None:
    assert "number of seconds" in fault(EMAIL_TIMEOUT=text)


@pytest.mark.parametrize("text", ["0", "33", "two"])
def test_what_is_no_number_of_connections(text: str) -> None:
    assert "from 1 to 32" in fault(EMAIL_CONNECTIONS=text)


@pytest.mark.parametrize("text", ["X Key", "Key:", "X-Key\r\nBcc", "Clé"])
def test_what_is_no_headers_name(text: str) -> None:
    assert "a header's name" in fault(EMAIL_IDEMPOTENCY_HEADER=text)


def test_dev_mode_needs_somebody_to_send_to() -> None:
    assert "EMAIL_DEV_MODE_REDIRECT_TO is empty" in fault(
        EMAIL_DEV_MODE="true", EMAIL_DEV_MODE_REDIRECT_TO=" , "
    )


def test_a_redirect_without_dev_mode_is_kept_for_later() -> None:
    settings = read(EMAIL_DEV_MODE_REDIRECT_TO="dev@example.org")

    assert (settings.dev_mode, settings.redirect_to) == (False, ("dev@example.org",))


@pytest.mark.parametrize(
    "text",
    [
        *("ftp://example.org", "https://", "https://[::1", "//", "javascript:alert(1)"),
        *("https://example.org:x", "https://example.org\\@evil.org", "https://a\r\nb.org"),
    ],
)
def test_what_is_no_site(text: str) -> None:
    assert "SITE_URL is " in fault(SITE_URL=text)


@pytest.mark.parametrize(
    "text",
    [
        "https://www.example.org",
        "http://localhost:8001",
        "HTTPS://example.org",
        "example.org",
        "localhost:8001",
    ],
)
def test_what_is_a_site(text: str) -> None:
    assert read(SITE_URL=text).site_url == text


@pytest.mark.parametrize(
    "text",
    [
        *("javascript:alert(1)", "data:text/html,x", "ftp://example.org/", "https://", "//"),
        *("https://[::1", "https://cdn.example/a b", '/media/"onerror="', "a\\b", "https:/x"),
    ],
)
def test_what_is_no_place_for_pictures(text: str) -> None:
    assert "MEDIA_URL is " in fault(MEDIA_URL=text)


@pytest.mark.parametrize(
    "text",
    [
        "https://cdn.example/club/",
        "//cdn.example",
        "/media/",
        "media",
        "/",
        "http://localhost:8001/",
    ],
)
def test_what_is_a_place_for_pictures(text: str) -> None:
    assert read(MEDIA_URL=text).media_url == text


@pytest.mark.parametrize("text", ["s3://club-media", "gs://club.media/files/", "s3://a1/b/c-d_e"])
def test_a_bucket_is_a_media_store(text: str) -> None:
    assert read(MEDIA_STORE=text).media_store == text


@pytest.mark.parametrize(
    "text",
    ["club-media", "/srv/media", "s3://", "az://a/b", "s3://key:secret@club-media", "s3://a b"],
)
def test_what_is_no_bucket(text: str) -> None:
    assert "MEDIA_STORE is " in fault(MEDIA_STORE=text)


def test_there_is_one_media_store() -> None:
    told = fault(MEDIA_ROOT="/srv/media", MEDIA_STORE="s3://club-media")

    assert "MEDIA_ROOT and MEDIA_STORE are both set" in told


def test_secrets_are_not_in_the_repr() -> None:
    assert SECRET not in repr(Settings.from_environment(EVERYTHING))
    assert SECRET not in repr(read())


@pytest.mark.parametrize("text", ["python 'manage.py", "python manage.py\\"])
def test_a_command_line_is_written_as_in_a_shell(text: str) -> None:
    assert "APPLICATION_COMMAND" in fault(APPLICATION_COMMAND=text)


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '"x"', '{"containers": []}', '{"containers": [{}, {}]}', '{"containers": 1}'],
)
def test_a_pod_is_a_spec_with_one_container_at_most(text: str) -> None:
    assert "APPLICATION_POD" in fault(APPLICATION_POD=text)
