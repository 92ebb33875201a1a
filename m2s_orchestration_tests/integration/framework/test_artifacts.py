"""What a run publishes, where it lies afterwards, and for how long."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from m2s_orchestration.framework.artifacts import KEPT, Published, publish, publish_pages
from m2s_orchestration.framework.decision import Artifact
from m2s_orchestration.uploads.store import MediaStore

REPORT = Artifact("duty-delinquents-2026-03.csv", b"name,flights\n", "text/csv")
NAME = r"exports/report_something/duty-delinquents-2026-03-[\w-]{22}\.csv"
NOW = datetime.now(UTC)


def published(store: MediaStore, *artifacts: Artifact, now: datetime = NOW) -> Published:
    return publish(artifacts, store, subject="report_something", media_url=None, now=now)


def kept(store: MediaStore) -> list[str]:
    return [found.path for found in store.list("exports/report_something")]


def test_it_is_read_again_under_a_name_that_cannot_be_guessed(store: MediaStore) -> None:
    place = published(store, REPORT).places[REPORT.name]

    (path,) = kept(store)
    assert re.fullmatch(NAME, path)
    assert place == f"{store.place}/{path}"
    assert store.read(path, largest=1000) == REPORT.content


def test_the_link_leads_to_the_web_where_the_club_says_so(store: MediaStore) -> None:
    told = publish(
        *((REPORT,), store),
        subject="report_something",
        media_url="https://media.example.org/club/",
        now=NOW,
    )

    assert re.fullmatch(rf"https://media\.example\.org/club/{NAME}", told.places[REPORT.name])


def test_what_is_old_is_removed_and_what_is_not_is_kept(store: MediaStore) -> None:
    published(store, REPORT)
    store.write("exports/report_other/a.csv", b"", "text/csv")

    published(store, REPORT, now=NOW + KEPT - timedelta(minutes=5))
    assert len(kept(store)) == 2
    published(store, REPORT, now=NOW + KEPT + timedelta(hours=1))
    assert kept(store) == []
    assert store.look("exports/report_other/a.csv")


def test_a_store_that_is_away_is_told_for_each_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    other = Artifact("list.csv", b"", "text/csv")

    told = published(MediaStore(str(tmp_path / "file" / "media")), REPORT, other)

    assert told.places == {}
    assert set(told.faults) == {REPORT.name, other.name}


def test_a_file_that_no_store_may_serve_is_told(store: MediaStore) -> None:
    told = published(store, Artifact("page.svg", b"<svg/>", "image/svg+xml"), REPORT)

    assert set(told.faults) == {"page.svg"}
    assert set(told.places) == {REPORT.name}


def test_pages_are_published_together_where_nobody_guesses(
    store: MediaStore, tmp_path: Path
) -> None:
    folder = tmp_path / "notify_something-2026-03-01-0800"
    (folder / "mail-0001").mkdir(parents=True)
    (folder / "index.html").write_text("<a href='mail-0001/index.html'>")
    (folder / "mail-0001" / "index.html").write_text("Hello")

    index = publish_pages(folder, store, subject="previews", media_url=None, now=NOW)

    pattern = r"exports/previews/notify_something-2026-03-01-0800-[\w-]{22}"
    place = index.removeprefix(f"{store.place}/").removesuffix("/index.html")
    assert re.fullmatch(pattern, place)
    assert sorted(found.path for found in store.list("exports/previews")) == [
        f"{place}/index.html",
        f"{place}/mail-0001/index.html",
    ]
    assert store.read(f"{place}/mail-0001/index.html", largest=10) == b"Hello"


def test_a_run_without_files_asks_no_store(monkeypatch: pytest.MonkeyPatch) -> None:
    assert published(MediaStore("/nowhere/at/all")) == Published()
    assert not Path("/nowhere").exists()
