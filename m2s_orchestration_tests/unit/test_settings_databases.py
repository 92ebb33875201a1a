from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from m2s_orchestration.errors import BadSettings
from m2s_orchestration.settings import Settings, dagster_postgres_url
from m2s_orchestration_tests.unit.environments import (
    LEAST,
    PARTS,
    SECRET,
    fault,
    faults,
    read,
)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_a_database_url_is_kept_as_it_is(scheme: str) -> None:
    url = f"{scheme}://club:{SECRET}@db.example.org/club?sslmode=require"

    assert read(DATABASE_URL=url).database == url


def test_the_url_wins_over_the_parts() -> None:
    assert Settings.from_environment({**PARTS, **LEAST}).database == LEAST["DATABASE_URL"]


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://club:{SECRET}@db.example.org/club",
        f"club:{SECRET}@db.example.org/club",
        f"postgresql//club:{SECRET}@db.example.org/club",
        f"club:{SECRET}@db.example.org/club?next=https://example.org",
        f"postgresql://club:{SECRET}@db.example.org",
        f"postgresql://club:{SECRET}%@db.example.org/club",
        f"postgresql://club:{SECRET}@db.example.org/club?{SECRET}=1",
        f"postgresql://club:{SECRET}@[db.example.org/club",
        f"host=db.example.org password={SECRET}",
        f"postgresql://club:{SECRET}#1@db.example.org:x/club",
        f"postgresql://club:{SECRET}@db.example.org:99999/club",
        f"postgresql://club:{SECRET}@db.example.org:54e2/club",
    ],
)
def test_a_malformed_database_url_is_told_without_its_password(url: str) -> None:
    told = fault(DATABASE_URL=url)

    assert "DATABASE_URL" in told
    assert SECRET not in told


@given(before=st.text(max_size=20), after=st.text(max_size=20))
def test_no_database_url_shows_its_secret(before: str, after: str) -> None:
    for url in (f"{before}{SECRET}{after}", f"postgresql://{before}:{SECRET}@{after}"):
        assert SECRET not in _told(url)


def _told(url: str) -> str:
    """What may be printed of an address: the settings or the fault."""
    try:
        return repr(read(DATABASE_URL=url))
    except BadSettings as error:
        return str(error)


@pytest.mark.parametrize("password", ["with space", "qu'ote", "back\\slash", "", "a=b", "ü@:/?#"])
def test_a_password_in_parts_may_have_any_letter(password: str) -> None:
    settings = Settings.from_environment({**PARTS, "DB_PASSWORD": password})

    assert conninfo_to_dict(settings.database).get("password", "") == password


def test_a_bad_sslmode_is_told() -> None:
    assert "DB_SSLMODE is 'requrie'" in faults({**PARTS, "DB_SSLMODE": "requrie"})


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The process's environment without a word about Dagster's storage."""
    for name in ("URL", "HOST", "PORT", "DB", "USERNAME", "PASSWORD"):
        monkeypatch.delenv(f"DAGSTER_PG_{name}", raising=False)
        monkeypatch.delenv(f"DAGSTER_PG_{name}_FILE", raising=False)
    return monkeypatch


def test_dagster_may_have_no_storage(storage: pytest.MonkeyPatch) -> None:
    assert dagster_postgres_url() == ""


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_dagsters_storage_is_reached_by_psycopg2(scheme: str, storage: pytest.MonkeyPatch) -> None:
    storage.setenv("DAGSTER_PG_URL", f"{scheme}://dagster:secret@db.example.org/dagster")

    assert dagster_postgres_url() == ("postgresql+psycopg2://dagster:secret@db.example.org/dagster")


def test_dagsters_storage_may_be_named_in_parts(
    storage: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    password = tmp_path / "password"
    password.write_text("s@c/r:t\n", encoding="utf-8")
    storage.setenv("DAGSTER_PG_HOST", "db.example.org")
    storage.setenv("DAGSTER_PG_DB", "dagster")
    storage.setenv("DAGSTER_PG_USERNAME", "d@gster")
    storage.setenv("DAGSTER_PG_PASSWORD_FILE", str(password))

    assert dagster_postgres_url() == (
        "postgresql+psycopg2://d%40gster:s%40c%2Fr%3At@db.example.org:5432/dagster"
    )


def test_half_a_storage_is_a_fault(storage: pytest.MonkeyPatch) -> None:
    storage.setenv("DAGSTER_PG_HOST", "db.example.org")
    storage.setenv("DAGSTER_PG_PORT", "many")
    storage.setenv("DAGSTER_PG_PASSWORD", SECRET)

    with pytest.raises(BadSettings) as caught:
        dagster_postgres_url()

    told = str(caught.value)
    assert "3 fault(s)" in told
    assert all(name in told for name in ("DAGSTER_PG_DB", "DAGSTER_PG_USERNAME", "DAGSTER_PG_PORT"))
    assert SECRET not in told
