from __future__ import annotations

from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import sql

from m2s_orchestration.club.club import Club
from m2s_orchestration.club.reading import (
    DEFAULT_TITLES,
    Configuration,
    canonical_origin,
    read_club,
)
from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration.errors import BadSettings, NoActiveStatus, UnknownTimeZone
from m2s_orchestration.postgres import Connection, Database
from m2s_orchestration.settings import Settings
from m2s_orchestration_tests.integration.rows import add_club, add_member, insert

Read = Callable[..., Club]


@pytest.fixture(scope="module")
def shared_connection(postgres: EmbeddedPostgres, empty_club_template: str) -> Iterator[Connection]:
    """Connected to a database that no test here changes for good."""
    postgres.create_database("reading", template=empty_club_template)
    with Database(postgres.conninfo("reading")).connect("test") as connection:
        yield connection


@pytest.fixture
def connection(shared_connection: Connection) -> Iterator[Connection]:
    """A club with settings and statuses in a transaction that is undone."""
    with shared_connection.transaction(force_rollback=True):
        add_club(shared_connection)
        yield shared_connection


@pytest.fixture
def read(connection: Connection) -> Read:
    """Reads the club, with these settings and with these columns of its configuration."""

    def read(*, columns: dict[str, object] | None = None, **environment: str) -> Club:
        for name, value in (columns or {}).items():
            change = sql.SQL("UPDATE siteconfig_siteconfiguration SET {} = %s")
            connection.execute(change.format(sql.Identifier(name)), (value,))
        return read_club(connection, settings(**environment))

    return read


def settings(**environment: str) -> Settings:
    return Settings.from_environment(
        {"DATABASE_URL": "postgresql://db/club", "EMAIL_HOST": "smtp.example.org", **environment}
    )


def test_the_club_is_read_as_it_is(read: Read, connection: Connection) -> None:
    jane = add_member(connection, first_name="Jane", email="jane@example.org")
    gone = add_member(connection, membership_status="Inactive", is_active=False)

    club = read(
        columns={"towpilot_title": "Tuggie"},
        MEMBERS_MAILING_LIST="all@example.org",
        OPERATORS_EMAIL="operators@example.org",
    )

    assert club.name == "High Meadow Soaring"
    assert club.zone == ZoneInfo("America/New_York")
    assert (club.domain, club.origin) == ("example.org", "https://www.example.org")
    assert club.active_statuses == {"Full Member", "Emeritus Member"}
    assert set(club.members) == {jane, gone}
    assert club.member(jane).email == "jane@example.org"
    assert club.title("towpilot") == "Tuggie"
    assert club.title("surge_towpilot") == "Surge Tow Pilot"
    assert (club.mailing_list, club.operators) == ("all@example.org", "operators@example.org")
    assert club.url("/duty/") == club.url("duty/") == "https://www.example.org/duty/"


def test_a_club_without_a_configuration_has_the_usual_one(
    read: Read, connection: Connection
) -> None:
    connection.execute("DELETE FROM siteconfig_siteconfiguration")

    club = read(SITE_URL="https://club.example.org", DEFAULT_FROM_EMAIL="info@example.org")

    assert (club.name, club.zone) == ("Soaring Club", ZoneInfo("UTC"))
    assert club.titles == DEFAULT_TITLES
    assert club.origin == "https://club.example.org"
    assert (club.logo_url, club.mailing_list, club.operators) == (None, None, None)


def test_a_club_that_is_nowhere_is_refused(read: Read, connection: Connection) -> None:
    connection.execute("DELETE FROM siteconfig_siteconfiguration")

    with pytest.raises(BadSettings, match="set SITE_URL"):
        read(DEFAULT_FROM_EMAIL="info@example.org")
    with pytest.raises(BadSettings, match="DEFAULT_FROM_EMAIL"):
        read(SITE_URL="https://club.example.org")


def test_a_name_of_blanks_is_none(read: Read) -> None:
    assert read(columns={"club_name": " \t"}).name == "Soaring Club"
    assert read(columns={"club_name": " High Meadow "}).name == "High Meadow"


def test_of_two_configurations_the_first_counts(read: Read, connection: Connection) -> None:
    insert(connection, "siteconfig_siteconfiguration", club_name="Another")

    assert read().name == "High Meadow Soaring"


@pytest.mark.parametrize("name", ["", "  "])
def test_a_blank_zone_is_utc(name: str, read: Read) -> None:
    assert read(columns={"club_timezone": name}).zone == ZoneInfo("UTC")


@pytest.mark.parametrize(
    "name",
    ["Mars/Olympus", "America", "../../etc/passwd", "/etc/passwd", "EST5EDT4", "New York", "."],
)
def test_an_unknown_zone_is_refused_by_its_name(name: str, read: Read) -> None:
    with pytest.raises(UnknownTimeZone, match="America/New_York") as caught:
        read(columns={"club_timezone": name})
    assert repr(name) in str(caught.value)


def test_a_club_without_an_active_status_is_refused(read: Read, connection: Connection) -> None:
    connection.execute("UPDATE siteconfig_membershipstatus SET is_active = false")
    with pytest.raises(NoActiveStatus, match="siteconfig_membershipstatus"):
        read()

    connection.execute("DELETE FROM siteconfig_membershipstatus")
    with pytest.raises(NoActiveStatus):
        read()


def test_a_title_of_blanks_is_none(read: Read) -> None:
    assert read(columns={"instructor_title": "  "}).title("instructor") == "Instructor"


@pytest.mark.parametrize(
    ("default_from", "sender", "reply_to"),
    [
        ("info@club.example.org", "noreply@club.example.org", "info@club.example.org"),
        ("Club <info@club.example.org>", "noreply@club.example.org", "info@club.example.org"),
        ('"A, B" <info@example.org>', "noreply@example.org", "info@example.org"),
        ("A, B <info@example.org>", "noreply@example.org", "info@example.org"),
        ("Höhe (e.V.) <info@example.org>", "noreply@example.org", "info@example.org"),
        ("<info@example.org>", "noreply@example.org", "info@example.org"),
        ("info@example.org>", "noreply@example.org", "info@example.org"),
        ("noreply@club.example.org", "noreply@club.example.org", None),
        ("Club <noreply@club.example.org>", "noreply@club.example.org", None),
        ("root@localhost", "noreply@example.org", None),
        ("webmaster", "noreply@example.org", None),
        ("info@", "noreply@example.org", None),
        ("@", "noreply@example.org", None),
        ("", "noreply@example.org", None),
    ],
)
def test_mail_comes_from_noreply_and_answers_go_to_the_configured_address(
    default_from: str, sender: str, reply_to: str | None, read: Read
) -> None:
    found = read(DEFAULT_FROM_EMAIL=default_from).sender

    assert (found.address, found.reply_to) == (sender, reply_to)
    assert found.domain == sender.partition("@")[2]


@pytest.mark.parametrize(
    ("default_from", "reason"),
    [
        ("info@exa mple.org", "not a valid address"),
        ("info@example..org", "not a valid address"),
        ("in..fo@example.org", "not a valid address"),
        ("<info@example.org\r\nBcc: joe@example.org>", "control characters"),
        ("info@example.org, joe@example.org", "several addresses"),
        ("Club <info@example.org> (e.V.)", "not a valid address"),
        ("info@" + "(" * 5000 + ".org", "not a valid address"),
        ("büro@example.org", "not ASCII before the @"),
        ("info@" + "label." * 37 + "org", "domain of 225 letters"),
    ],
)
def test_an_address_of_the_clubs_own_that_no_mail_can_bear_is_refused_by_name(
    default_from: str, reason: str, read: Read
) -> None:
    with pytest.raises(BadSettings, match="DEFAULT_FROM_EMAIL") as caught:
        read(DEFAULT_FROM_EMAIL=default_from)
    assert reason in str(caught.value)


def test_a_domain_of_the_sites_that_no_mail_can_bear_is_refused_by_name(read: Read) -> None:
    with pytest.raises(BadSettings, match="the site's domain_name gives no address"):
        read(columns={"domain_name": "-example.org"})


@pytest.mark.parametrize("domain", ["", "localhost", "https://example.org/", "two words.org"])
def test_without_any_domain_there_is_no_sender(domain: str, read: Read) -> None:
    with pytest.raises(BadSettings) as caught:
        read(columns={"domain_name": domain}, DEFAULT_FROM_EMAIL="root@localhost")

    told = str(caught.value)
    assert "'root@localhost'" in told
    assert repr(domain) in told


@pytest.mark.parametrize(
    ("named", "found"),
    [
        ("all@lists.example.org", "all@lists.example.org"),
        ("Everybody <all@lists.example.org>", "all@lists.example.org"),
        ("", "members@example.org"),
        ("members", "members@example.org"),
        ("a@example.org, b@example.org", "a@example.org, b@example.org"),
        ("(" * 5000, "members@example.org"),
    ],
)
def test_the_mailing_list_is_the_configured_one_or_members(
    named: str, found: str, read: Read
) -> None:
    assert read(MEMBERS_MAILING_LIST=named).mailing_list == found


def test_without_a_domain_there_is_no_mailing_list(read: Read) -> None:
    club = read(columns={"domain_name": ""}, DEFAULT_FROM_EMAIL="info@example.org")

    assert club.mailing_list is None


def origin(canonical: str = "", site: str = "", domain: str = "") -> str:
    configuration = Configuration(canonical_url=canonical, domain_name=domain)
    return canonical_origin(configuration, settings(SITE_URL=site))


def test_the_canonical_address_comes_first() -> None:
    assert origin("https://www.example.org", "https://site.example.org", "example.org") == (
        "https://www.example.org"
    )


def test_then_comes_the_site() -> None:
    assert origin("", "https://site.example.org", "example.org") == "https://site.example.org"


@pytest.mark.parametrize(
    "loopback",
    [
        "http://localhost:8001",
        "http://127.0.0.1:8001",
        "http://127.1.2.3",
        "http://[::1]:8001",
        "http://club.localhost",
        "http://LOCALHOST",
    ],
)
def test_an_address_on_this_machine_gives_way(loopback: str) -> None:
    assert origin(loopback, "https://site.example.org") == "https://site.example.org"
    assert origin("", loopback, "example.org") == "https://example.org"
    assert origin(loopback, loopback, "") == loopback.lower()


def test_a_canonical_address_on_this_machine_alone_is_none() -> None:
    with pytest.raises(BadSettings, match="SITE_URL"):
        origin("http://localhost:8001")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("https://www.example.org/", "https://www.example.org"),
        ("https://www.example.org/club/?page=1#top", "https://www.example.org"),
        ("HTTPS://WWW.Example.org", "https://www.example.org"),
        ("http://www.example.org:8080", "http://www.example.org:8080"),
        ("https://user:8080@www.example.org", "https://www.example.org"),
        ("https://user:secret@www.example.org:444/x", "https://www.example.org:444"),
        ("https://www.example.org:0", "https://www.example.org"),
        ("https://www.example.org:99999", "https://www.example.org"),
        ("https://www.example.org:https", "https://www.example.org"),
        ("https://www.example.org:", "https://www.example.org"),
        ("https://www.example.org:²", "https://www.example.org"),
        ("https://www.example.org:" + "9" * 5000, "https://www.example.org"),
        ("www.example.org", "https://www.example.org"),
        ("www.example.org:8443", "https://www.example.org:8443"),
        ("  www.example.org  ", "https://www.example.org"),
        ("https://[2001:db8::1]", "https://[2001:db8::1]"),
        ("http://[2001:DB8::1]:8080/x", "http://[2001:db8::1]:8080"),
        ("https://192.0.2.7", "https://192.0.2.7"),
    ],
)
def test_an_origin_is_scheme_host_and_port(text: str, found: str) -> None:
    assert origin(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ftp://www.example.org",
        "javascript://www.example.org/%0aalert(1)",
        "https://",
        "https://[::1",
        "https://www.exa mple.org",
        'https://www.example.org"onclick="x',
        "https://<script>",
        "https://a\\b",
        "https://www.example.org\\@evil.org",
        "https://a\r\nb.example.org",
        "https://a\tb.example.org",
    ],
)
def test_what_is_no_origin_is_passed_over(text: str) -> None:
    assert origin(text, "https://site.example.org") == "https://site.example.org"


@given(st.text(max_size=40))
def test_any_canonical_address_gives_an_origin(text: str) -> None:
    found = origin(text, "https://site.example.org")

    assert found.startswith(("http://", "https://"))
    assert not set(found) & set(" \t\r\n\"'<>\\")


@pytest.mark.parametrize(
    ("logo", "media_url", "found"),
    [
        (None, "", None),
        ("", "", None),
        ("logos/our logo.png", "", "https://www.example.org/media/logos/our%20logo.png"),
        ("/logos/logo.png", "/media/", "https://www.example.org/media/logos/logo.png"),
        ("logo.png", "media", "https://www.example.org/media/logo.png"),
        ("logo.png", "/", "https://www.example.org/logo.png"),
        ("logo.png", "https://cdn.example.org/club/", "https://cdn.example.org/club/logo.png"),
        ("logo.png", "//cdn.example.org/club", "https://cdn.example.org/club/logo.png"),
        ("https://cdn.example.org/l.png?v=1", "", "https://cdn.example.org/l.png?v=1"),
        ('https://cdn.example.org/ü"<.png', "", "https://cdn.example.org/%C3%BC%22%3C.png"),
        ("https://", "", None),
        ("http://[::1", "", None),
        ("http:/\\evil.org", "", None),
        (" \r\n", "", None),
    ],
)
def test_the_logo_has_an_absolute_address(
    logo: str | None, media_url: str, found: str | None, read: Read
) -> None:
    assert read(columns={"club_logo": logo}, MEDIA_URL=media_url).logo_url == found


def test_a_club_hides_its_members(read: Read, connection: Connection) -> None:
    add_member(connection, email="jane@example.org")

    assert "jane@example.org" not in repr(read())


def test_a_database_that_is_no_clubs_is_not_read(postgres: EmbeddedPostgres) -> None:
    with (
        psycopg.connect(postgres.conninfo("postgres"), autocommit=True) as connection,
        pytest.raises(psycopg.errors.UndefinedTable),
    ):
        read_club(connection, settings())
