"""The documents and what runs have published, read over HTTP."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path
from typing import cast
from urllib.error import HTTPError

import pytest

from m2s_orchestration.demo.web import serve


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "media" / "exports").mkdir(parents=True)
    (tmp_path / "media" / "exports" / "mails.html").write_text("<p>Hello</p>")
    (tmp_path / "secret").write_text("nothing for anybody")
    with serve(tmp_path) as address:
        yield address


def get(address: str) -> tuple[bytes, HTTPResponse]:
    with urllib.request.urlopen(address) as response:
        return response.read(), cast(HTTPResponse, response)


def test_a_document_is_a_page_with_a_name_at_every_heading(pages: str) -> None:
    body, response = get(f"{pages}docs/operations.md")
    text = body.decode()
    assert "<title>Operations</title>" in text
    assert '<h2 id="is-the-clubs-mail-healthy">' in text
    assert "<table>" in text
    assert "script-src" not in str(response.headers["Content-Security-Policy"])


def test_a_documents_pictures_are_shown(pages: str) -> None:
    body, response = get(f"{pages}docs/icons.png")
    assert body.startswith(b"\x89PNG")
    assert response.headers["Content-Type"] == "image/png"


def test_what_a_run_published_is_shown_and_may_do_nothing(pages: str) -> None:
    body, response = get(f"{pages}media/exports/mails.html")
    assert body == b"<p>Hello</p>"
    assert str(response.headers["Content-Security-Policy"]).startswith("default-src 'none'")


@pytest.mark.parametrize(
    "path", ["docs/", "docs/none.md", "docs/../README.md", "media/", "media/../secret", "media/x"]
)
def test_nothing_else_is(pages: str, path: str) -> None:
    with pytest.raises(HTTPError) as missing:
        get(pages + path)
    missing.value.close()
    assert missing.value.code == 404
