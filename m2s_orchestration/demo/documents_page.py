"""The documents of docs/ as web pages, and the files that runs have published."""

from __future__ import annotations

import re
from itertools import pairwise
from mimetypes import guess_type
from pathlib import Path

from markdown_it import MarkdownIt

from m2s_orchestration.demo.answer import Answer, page

DOCUMENTS = Path(__file__).parents[2] / "docs"
# What was published is the club's own, and still no page that may do anything.
PUBLISHED_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'"


def document(path: str) -> Answer | None:
    """A document as a page, or a picture of one; None if there is none."""
    file = _within(DOCUMENTS, path)
    if file is None:
        return None
    if file.suffix != ".md":
        return Answer(file.read_bytes(), _kind(file))
    text = file.read_text(encoding="utf-8")
    title = text.partition("\n")[0].removeprefix("# ")
    return page("document.html", title=title, body=_as_html(text))


def published(media: Path, path: str) -> Answer | None:
    """A file of the club's media store; None if there is none."""
    file = _within(media, path)
    return Answer(file.read_bytes(), _kind(file), PUBLISHED_POLICY) if file else None


def _within(folder: Path, path: str) -> Path | None:
    file = (folder / path).resolve()
    return file if file.is_file() and file.is_relative_to(folder.resolve()) else None


def _kind(file: Path) -> str:
    kind = guess_type(file.name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


def _as_html(text: str) -> str:
    """With a name at every heading, as where the documents are published."""
    reader = MarkdownIt("commonmark").enable("table")
    tokens = reader.parse(text)
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            name = re.sub(r"[^\w\- ]", "", inline.content.lower()).replace(" ", "-")
            opening.attrSet("id", name)
    return str(reader.renderer.render(tokens, reader.options, {}))
