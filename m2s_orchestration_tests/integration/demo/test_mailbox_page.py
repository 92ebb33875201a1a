"""The mailbox's page, read over HTTP."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from email.message import EmailMessage
from http.client import HTTPResponse
from pathlib import Path
from typing import cast
from urllib.error import HTTPError

import pytest

from m2s_orchestration.demo.mailbox import Mailbox
from m2s_orchestration.demo.web import serve
from m2s_orchestration_tests.integration.demo.test_mailbox import send


def a_mail() -> bytes:
    message = EmailMessage()
    message["From"] = "High Meadow <noreply@club.example>"
    message["To"] = "ann@club.example"
    message["Subject"] = "Grid & ropes <b>"
    message.set_content("Dear O'Brien, 1 < 2")
    message.add_alternative("<p>Dear <b>O&#39;Brien</b></p><script>x</script>", subtype="html")
    message.add_attachment("BEGIN:VCALENDAR", subtype="calendar", filename="duty.ics")
    return message.as_bytes()


@pytest.fixture
def page(tmp_path: Path) -> Iterator[str]:
    with Mailbox(tmp_path / "mailbox") as mailbox, serve(tmp_path) as address:
        send(mailbox, a_mail(), "ann@club.example")
        yield address


def get(address: str) -> tuple[str, HTTPResponse]:
    with urllib.request.urlopen(address) as response:
        return response.read().decode(), cast(HTTPResponse, response)


def test_it_lists_the_mails(page: str) -> None:
    text, _ = get(page)
    assert "Grid &amp; ropes &lt;b&gt;" in text
    assert "ann@club.example" in text


def test_a_mail_is_shown_as_html_and_as_text(page: str) -> None:
    text, response = get(page + "1")
    assert '<iframe class="card" sandbox' in text
    assert "Dear O&#39;Brien, 1 &lt; 2" in text
    assert "<script" not in text
    assert "script-src" not in str(response.headers["Content-Security-Policy"])
    assert str(response.headers["Content-Security-Policy"]).startswith("default-src 'none'")


def test_a_mails_own_html_is_sandboxed(page: str) -> None:
    text, response = get(page + "1/html")
    assert "<b>O&#39;Brien</b>" in text
    assert str(response.headers["Content-Security-Policy"]).startswith("sandbox;")


def test_attachments_and_bytes_can_be_kept(page: str) -> None:
    text, response = get(page + "1/part/0")
    assert text.strip() == "BEGIN:VCALENDAR"
    assert response.headers["Content-Disposition"] == 'attachment; filename="duty.ics"'
    raw, _ = get(page + "1/raw")
    assert "Subject: Grid & ropes <b>" in raw


@pytest.mark.parametrize("path", ["2", "1/part/1", "1/raw/1", "../etc/passwd", "favicon.ico"])
def test_what_is_not_there_is_not_found(page: str, path: str) -> None:
    with pytest.raises(HTTPError) as missing:
        get(page + path)
    missing.value.close()
    assert missing.value.code == 404


def test_an_empty_mailbox_has_a_page_too(tmp_path: Path) -> None:
    with serve(tmp_path) as address:
        text, _ = get(address)
    assert "No mail yet" in text
