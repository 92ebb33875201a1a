"""The path under which a file is kept: safe whatever it was called, and hard to guess."""

from __future__ import annotations

import re
import secrets
import unicodedata

from m2s_orchestration.errors import BadUpload
from m2s_orchestration.uploads.categories import Category

# As long as the application's columns for paths are; and what file systems take for one name.
LONGEST_PATH = 100  # characters
LONGEST_NAME = 255  # bytes
NAMELESS = "file"
MARKUP = re.compile(r"[<>]")


def upload_path(category: Category, filename: str) -> str:
    """`{folder}/{stem}-{token}{extension}`, with a fresh token.

    Raises BadUpload where the extension is none that the category takes.
    """
    base = unicodedata.normalize("NFC", filename).rpartition("/")[2]
    before, dot, after = base.rpartition(".")
    stem, extension = (before, after) if dot else (base, "")
    ending = _ending(category, extension, filename)
    mark = f"-{secrets.token_urlsafe(category.token)}" if category.token else ""
    cleaned = category.stem or _stem(stem, base)
    room = LONGEST_PATH - len(f"{category.folder}/{mark}{ending}")
    cut = _cut(cleaned, room, LONGEST_NAME - len(f"{mark}{ending}"))
    return f"{category.folder}/{cut}{mark}{ending}"


def _stem(stem: str, base: str) -> str:
    """Letters and digits of any script, `_` and `-`; no dots, which would make more extensions."""
    if MARKUP.search(base):
        return NAMELESS
    kept = re.sub(r"[^\w-]", "", re.sub(r"\s+", "_", stem.strip()))
    # A name that begins with - is an option to many a command.
    return kept.lstrip("-") or NAMELESS


def _ending(category: Category, extension: str, filename: str) -> str:
    """The extension with its dot, its case kept; empty for a document that has none."""
    trimmed = extension.strip()
    kept = "" if MARKUP.search(trimmed) else re.sub(r"[^A-Za-z0-9]", "", trimmed)
    if not kept and not category.needs_extension:
        return ""
    if kept.lower() not in category.extensions:
        raise BadUpload(
            f"{_shown(filename)} cannot be kept in {category.folder}: its name has to end in one of"
            f" {', '.join(sorted(category.extensions))}."
        )
    return f".{kept}"


def _cut(text: str, characters: int, octets: int) -> str:
    """As much of the text as there is room for, in whole characters."""
    return text[:characters].encode()[:octets].decode(errors="ignore")


def _shown(filename: str) -> str:
    """The name as a message may show it, on one line and short."""
    return ascii(filename if len(filename) <= 60 else f"{filename[:57]}...")
