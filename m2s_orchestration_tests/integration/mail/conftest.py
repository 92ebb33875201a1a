"""Scriptable SMTP servers, in clear and with a certificate of the tests' own authority."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from m2s_orchestration_tests.smtp_server import USUAL_EXTENSIONS, SmtpServer


@pytest.fixture(params=["pipelining", "one by one"])
def smtp_server(request: pytest.FixtureRequest) -> Iterator[SmtpServer]:
    """One that takes several commands in one breath, and one that does not offer it."""
    with SmtpServer() as server:
        if request.param == "one by one":
            server.extensions = tuple(set(USUAL_EXTENSIONS) - {"PIPELINING"})
        yield server


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """The authority, trusted by whoever connects in this test."""
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return authority


@pytest.fixture
def certificate(authority: trustme.CA) -> ssl.SSLContext:
    """A server's context for 127.0.0.1."""
    return server_context(authority, "127.0.0.1")


def server_context(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    return context
