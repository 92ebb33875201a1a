"""What is an address on the web."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

# No URL has these (RFC 3986), and what reads one makes of them what it likes.
UNLAWFUL = re.compile(r"[\x00-\x20\x7f\\\"<>]")


def is_on_the_web(url: str) -> bool:
    """Whether it is http or https, with a host, and with nothing that no URL may have."""
    try:
        parts = urlsplit(url)
        # A port that is none raises as well.
        named = parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
    return bool(named) and parts.scheme in {"http", "https"} and not UNLAWFUL.search(url)


def site(text: str) -> str:
    """The address of a site as somebody wrote it, with or without https. Raises ValueError."""
    if text and not is_on_the_web(text if "://" in text else f"https://{text}"):
        raise ValueError("write the site's address, such as https://www.example.org")
    return text


def place(text: str) -> str:
    """An address on the web, with or without https, or a path on a site. Raises ValueError."""
    absolute = f"https:{text}" if text.startswith("//") else text
    is_path = ":" not in absolute and not UNLAWFUL.search(text)
    if not is_path and not is_on_the_web(absolute):
        raise ValueError("write an address such as https://media.example.org/, or a path: /media/")
    return text


def page(text: str) -> str:
    """The whole address of a page, with http or https. Raises ValueError."""
    if text and not is_on_the_web(text):
        raise ValueError("write the whole address, such as https://dagster.example.org")
    return text
