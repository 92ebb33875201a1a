"""The icons in the club's media store follow its logo, and survive a logo that is none."""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg
import pytest

from m2s_orchestration.definitions import defs
from m2s_orchestration.errors import BadLogo, StoreFault
from m2s_orchestration.icons.definition import NAME, _request
from m2s_orchestration.icons.refresh import (
    RECORD,
    Source,
    present_source,
    refresh,
    what_is_made,
    what_is_wrong,
)
from m2s_orchestration.postgres import Database
from m2s_orchestration.uploads.store import MediaStore
from m2s_orchestration_tests.logos import FIVE, badge, drawing, windsock
from m2s_orchestration_tests.measured import read_ico, read_png

ICONS = [
    *("apple-touch-icon.png", "favicon.ico", "pwa-icon-club-512.png"),
    *("pwa-icon-club-maskable-512.png", "pwa-icon-club.png"),
]
LOGO = "site_logo/logo-abcdefgh.png"
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


def configure(database: Database, logo: str | None) -> None:
    with database.connect("test") as connection:
        connection.execute("UPDATE siteconfig_siteconfiguration SET club_logo = %s", (logo,))


def upload(database: Database, store: MediaStore, content: bytes, logo: str = LOGO) -> Source:
    """The club puts a logo where its site's configuration says."""
    store.write(logo, content, "image/png")
    configure(database, logo)
    return present_source(database, store)


def contents(store: MediaStore) -> dict[str, bytes]:
    found = {name: store.read(name, largest=1_000_000) for name in (*ICONS, RECORD)}
    return {name: content for name, content in found.items() if content is not None}


@pytest.mark.parametrize("name", FIVE)
def test_the_icons_of_a_logo_are_in_the_store(
    database: Database, store: MediaStore, name: str
) -> None:
    refreshed = refresh(store, upload(database, store, FIVE[name](), f"site_logo/{name}"))

    kept = contents(store)
    assert sorted(refreshed.written) == ICONS
    assert sorted(kept) == sorted([*ICONS, RECORD])
    assert sorted(item.width for item in read_ico(kept["favicon.ico"])) == [16, 32, 48]
    assert read_png(kept["pwa-icon-club.png"]).width == 192


def test_once_made_they_are_those_of_the_logo(database: Database, store: MediaStore) -> None:
    source = upload(database, store, badge())
    assert what_is_wrong(store, source) == "no icons were made yet"

    refresh(store, source)

    assert what_is_wrong(store, source) == ""


def test_another_file_of_the_same_name_is_another_logo(
    database: Database, store: MediaStore
) -> None:
    refresh(store, upload(database, store, badge()))
    before = contents(store)

    source = upload(database, store, windsock())
    assert what_is_wrong(store, source) == "the club has another logo"
    refresh(store, source)

    assert all(contents(store)[name] != before[name] for name in ICONS)


def test_an_icon_that_somebody_else_wrote_or_removed_is_noticed(
    database: Database, store: MediaStore
) -> None:
    source = upload(database, store, badge())
    refresh(store, source)

    store.write("favicon.ico", b"only one small picture", "image/x-icon")
    assert what_is_wrong(store, source) == "favicon.ico was changed by somebody else"
    refresh(store, source)
    store.delete("pwa-icon-club.png")
    assert what_is_wrong(store, source) == "pwa-icon-club.png was removed by somebody else"


@pytest.mark.parametrize("bad", [b"no picture\n", drawing()[:300], b""], ids=len)
def test_a_logo_that_is_none_leaves_the_old_icons(
    database: Database, store: MediaStore, bad: bytes
) -> None:
    refresh(store, upload(database, store, badge()))
    before = contents(store)

    with pytest.raises(BadLogo, match="cannot be read as a picture"):
        refresh(store, upload(database, store, bad))

    assert contents(store) == before


def test_a_store_that_fails_halfway_leaves_whole_icons_and_the_next_run_makes_the_rest(
    database: Database, store: MediaStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh(store, upload(database, store, badge()))
    before = contents(store)
    source = upload(database, store, windsock())
    write = MediaStore.write

    def write_two(self: MediaStore, path: str, content: bytes, media_type: str) -> None:
        if path == ICONS[2]:
            raise StoreFault("The store is away.")
        write(self, path, content, media_type)

    with monkeypatch.context() as patch:
        patch.setattr(MediaStore, "write", write_two)
        with pytest.raises(StoreFault):
            refresh(store, source)

    halfway = contents(store)
    assert halfway[ICONS[2]] == before[ICONS[2]]
    assert len(read_ico(halfway["favicon.ico"])) == 3
    assert what_is_wrong(store, source) == "the club has another logo"
    refresh(store, source)
    assert what_is_wrong(store, source) == ""


def test_a_club_without_a_logo_any_more_has_no_icons(database: Database, store: MediaStore) -> None:
    refresh(store, upload(database, store, badge()))

    configure(database, "")
    source = present_source(database, store)
    assert what_is_wrong(store, source) == "the club has no logo any more"
    refreshed = refresh(store, source)

    assert sorted(refreshed.removed) == ICONS
    assert contents(store) == {}
    assert what_is_wrong(store, source) == ""


def test_the_colour_behind_the_logo_stays_until_another_is_named(
    database: Database, store: MediaStore
) -> None:
    source = upload(database, store, badge())
    refresh(store, source, "#1b4f8a")
    refresh(store, source)

    assert read_png(contents(store)["pwa-icon-club.png"]).at(0, 0) == (27, 79, 138, 255)
    refresh(store, source, "")
    assert read_png(contents(store)["pwa-icon-club.png"]).at(0, 0)[3] == 0


@pytest.mark.parametrize(
    ("logo", "told"),
    [
        ("site_logo/gone.png", "there is no"),
        ("https://example.org/logo.png", "not a file of its media store"),
    ],
)
def test_a_logo_that_is_not_in_the_store_is_told(
    database: Database, store: MediaStore, logo: str, told: str
) -> None:
    configure(database, logo)

    with pytest.raises(BadLogo, match=told):
        present_source(database, store)


def test_a_logo_outside_the_store_is_not_read(database: Database, store: MediaStore) -> None:
    configure(database, "../../etc/passwd")

    with pytest.raises(StoreFault, match="could not be looked at"):
        present_source(database, store)


@pytest.mark.parametrize("text", [b"", b"{", b"null", b"[]", b'{"source": 1}', b"\xff"], ids=repr)
def test_a_record_that_cannot_be_read_counts_as_none(store: MediaStore, text: bytes) -> None:
    store.write(RECORD, text, "application/json")

    assert what_is_made(store) is None


def test_the_sensor_asks_for_one_run_a_day_for_what_is_wrong(
    database: Database, store: MediaStore
) -> None:
    source = upload(database, store, badge())

    first, again = (_request(store, source, now=NOW) for _ in range(2))
    assert isinstance(first, dg.RunRequest)
    assert isinstance(again, dg.RunRequest)
    assert first.run_key == again.run_key
    assert first.run_key != getattr(
        _request(store, upload(database, store, windsock()), now=NOW), "run_key", None
    )
    refresh(store, present_source(database, store))
    assert isinstance(_request(store, present_source(database, store), now=NOW), dg.SkipReason)


@pytest.fixture
def environment(
    database: Database, store: MediaStore, monkeypatch: pytest.MonkeyPatch
) -> MediaStore:
    monkeypatch.setenv("DATABASE_URL", database.conninfo)
    monkeypatch.setenv("EMAIL_HOST", "127.0.0.1")
    monkeypatch.setenv("MEDIA_STORE" if store.is_bucket else "MEDIA_ROOT", store.place)
    return store


def test_the_job_that_the_sensor_starts_makes_the_icons(
    database: Database, environment: MediaStore
) -> None:
    upload(database, environment, badge())
    sensor = defs.get_repository_def().get_sensor_def("club_logo")
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(
            instance=instance, repository_def=defs.get_repository_def()
        )
        (request,) = sensor.evaluate_tick(context).run_requests or ()
        job = defs.resolve_job_def(NAME)
        result = job.execute_in_process(run_config=request.run_config, instance=instance)
        run = instance.get_run_by_id(result.run_id)
        skipped = sensor.evaluate_tick(context)

    assert result.success
    assert run
    assert run.tags["m2s/outcome"] == "done"
    assert sorted(contents(environment)) == sorted([*ICONS, RECORD])
    assert skipped.run_requests == []
    assert skipped.skip_message == "The icons are those of the club's logo."


def test_a_run_with_a_bad_logo_is_red_and_says_why(
    database: Database, environment: MediaStore
) -> None:
    upload(database, environment, b"no picture")
    with dg.DagsterInstance.ephemeral() as instance:
        result = defs.resolve_job_def(NAME).execute_in_process(
            instance=instance, raise_on_error=False
        )
        run = instance.get_run_by_id(result.run_id)

    assert not result.success
    assert run
    assert run.tags["m2s/outcome"] == "refused"
    told = result.get_step_failure_events()[0].step_failure_data.user_failure_data
    assert told
    assert "site_logo/logo-abcdefgh.png cannot be read as a picture" in str(told.description)
