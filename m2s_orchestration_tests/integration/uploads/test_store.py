"""The media store: what was written is read again, whatever kind of store it is."""

from __future__ import annotations

import stat
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import obstore
import pytest
from obstore.store import S3Store

from m2s_orchestration.errors import StoreFault
from m2s_orchestration.uploads.store import MediaStore
from m2s_orchestration_tests.s3_server import S3Server, reached_at

ODD = "cms/board/Protokoll_März_飞行-a_b-c.pdf"


def written(store: MediaStore, path: str = "exports/a/b.csv", content: bytes = b"a,b\n") -> str:
    store.write(path, content, "text/csv")
    return path


@pytest.mark.parametrize("path", ["favicon.ico", "exports/a/b.csv", ODD])
@pytest.mark.parametrize("content", [b"", b"\0\xff", b"x" * 6_000_000], ids=len)
def test_what_was_written_is_read_again(store: MediaStore, path: str, content: bytes) -> None:
    written(store, path, content)

    assert store.read(path, largest=len(content)) == content
    found = store.look(path)
    assert found
    assert (found.path, found.size) == (path, len(content))
    assert [item.path for item in store.list(path.partition("/")[0])] in ([path], [])


def test_a_reader_sees_the_old_file_or_the_new_one_and_nothing_between(tmp_path: Path) -> None:
    store = MediaStore(str(tmp_path))
    contents = (b"old" * 700_000, b"newer" * 800_000)
    written(store, "icon.png", contents[0])

    def write_often() -> None:
        for number in range(40):
            written(store, "icon.png", contents[number % 2])

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write_often)
        seen = []
        while not writing.done():
            seen.append((tmp_path / "icon.png").read_bytes() in contents)
        writing.result()

    assert seen
    assert all(seen)


def test_a_file_that_is_not_there_is_none_and_not_a_fault(store: MediaStore) -> None:
    assert store.read("nothing.csv", largest=1) is None
    assert store.look("nothing.csv") is None
    assert list(store.list("exports/nothing")) == []
    store.delete("nothing.csv")


def test_a_file_that_was_written_anew_has_another_version(store: MediaStore) -> None:
    before = store.look(written(store, content=b"old"))
    after = store.look(written(store, content=b"another"))

    assert before
    assert after
    assert before.version != after.version


def test_what_was_deleted_is_gone(store: MediaStore) -> None:
    store.delete(written(store))

    assert store.look("exports/a/b.csv") is None


def test_the_list_has_what_is_below_the_folder_and_nothing_else(store: MediaStore) -> None:
    for path in ("exports/a/1.csv", "exports/a/2.csv", "exports/ab/3.csv", "favicon.ico"):
        written(store, path)

    assert sorted(item.path for item in store.list("exports/a")) == [
        "exports/a/1.csv",
        "exports/a/2.csv",
    ]


def test_more_is_not_read_than_was_asked_for(store: MediaStore) -> None:
    with pytest.raises(StoreFault, match=r"has 4 bytes, and 3 is the most"):
        store.read(written(store), largest=3)


@pytest.mark.parametrize("path", ["../outside.csv", "a/../../outside.csv"])
def test_nothing_is_written_outside_the_store(store: MediaStore, path: str) -> None:
    with pytest.raises(StoreFault, match="could not be written"):
        written(store, path)


def test_a_bucket_keeps_what_kind_of_file_it_is(bucket: S3Server) -> None:
    store = MediaStore(bucket.place)
    written(store, "a.csv")

    assert isinstance(store._store, S3Store)
    address = obstore.sign(store._store, "GET", "a.csv", timedelta(minutes=1))
    with urllib.request.urlopen(address, timeout=10) as answer:
        assert answer.headers["Content-Type"] == "text/csv"
        assert answer.read() == b"a,b\n"


def test_a_folder_that_is_private_lets_nobody_else_in(tmp_path: Path) -> None:
    store = MediaStore(str(tmp_path))
    store.keep_private("exports/a")
    written(store)

    assert stat.S_IMODE((tmp_path / "exports" / "a").stat().st_mode) == 0o700


def test_a_store_that_is_away_is_told_without_its_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in reached_at("http://127.0.0.1:9").items():
        monkeypatch.setenv(name, value)

    with pytest.raises(StoreFault, match="s3://club-media is there and open to us") as caught:
        written(MediaStore("s3://club-media"))

    assert "a-secret-of-the-clubs" not in str(caught.value)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreFault, match="could not be written"):
        written(MediaStore(str(tmp_path / "file" / "media")))
