"""Certificates for mail servers of the laboratory, from an authority of its own."""

from __future__ import annotations

import ssl
from functools import cache
from pathlib import Path

import trustme


def make_all() -> None:
    """Make all of them, before several threads ask for the same."""
    certificate()
    certificate_of_a_stranger()


@cache
def _authority() -> trustme.CA:
    return trustme.CA()


def write_authority(folder: Path) -> Path:
    """Write the authority's own certificate there; the file's name is for SSL_CERT_FILE."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "authority.pem"
    _authority().cert_pem.write_to_path(str(path))
    return path


@cache
def certificate() -> ssl.SSLContext:
    """Of a server on 127.0.0.1."""
    return _issued_by(_authority())


@cache
def certificate_of_a_stranger() -> ssl.SSLContext:
    """The same from an authority that nobody knows."""
    return _issued_by(trustme.CA())


def _issued_by(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context
