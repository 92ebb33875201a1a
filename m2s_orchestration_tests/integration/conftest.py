"""Real stores, for the tests that ask for one: a folder, and a bucket of an S3 server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from m2s_orchestration.uploads.store import MediaStore
from m2s_orchestration_tests.s3_server import S3Server, s3_server


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    """An S3 server with an empty bucket, to which this process's environment leads."""
    with s3_server() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> MediaStore:
    """An empty store; a test that asks for it is made with each kind."""
    if request.param == "folder":
        return MediaStore(str(tmp_path / "media"))
    server: S3Server = request.getfixturevalue("bucket")
    return MediaStore(server.place)
