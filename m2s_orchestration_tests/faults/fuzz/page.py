"""What a reader sees of an HTML part, and what it is made of, by a parser of another's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from tinyhtml5.parser import HTMLParser

# Those that do not end a word.
INLINE = {"a", "span", "strong", "em", "b", "i"}
UNSEEN = {"style", "script", "title", "head", "template", "noscript"}
# It is no fault of a page that somebody's name has letters which are none.
HARMLESS = {"invalid-codepoint"}


@dataclass(frozen=True)
class Page:
    """`attributes` counts names and values by element, but for those that follow the club."""

    seen: str
    title: str
    elements: Counter[str]
    attributes: frozenset[tuple[str, str, str]]
    links: tuple[str, ...]
    sources: tuple[str, ...]
    styles: tuple[str, ...]
    errors: tuple[str, ...]


def read_page(html: str) -> Page:
    """Read an HTML part as a mail reader does."""
    parser = HTMLParser(namespace_html_elements=False)
    root = parser.parse(html)
    found = [(str(item.tag), item) for item in root.iter()]
    return Page(
        seen="".join(_seen(root)),
        title=" ".join(item.text or "" for tag, item in found if tag == "title"),
        elements=Counter(tag for tag, _ in found),
        attributes=frozenset(
            (tag, str(name), value)
            for tag, item in found
            for name, value in item.attrib.items()
            if (tag, name) not in {("a", "href"), ("img", "src")}
        ),
        links=tuple(item.get("href", "") for tag, item in found if tag == "a"),
        sources=tuple(item.get("src", "") for tag, item in found if tag == "img"),
        styles=tuple(item.text or "" for tag, item in found if tag == "style"),
        errors=tuple(kind for _, kind, _ in parser.errors if kind not in HARMLESS),
    )


def _seen(element: Element) -> Iterator[str]:
    """The text that is shown, with a space where another line or block begins."""
    tag = str(element.tag)
    if tag not in UNSEEN:
        apart = "" if tag in INLINE else " "
        yield apart + (element.text or "")
        for child in element:
            yield from _seen(child)
            yield child.tail or ""
        yield apart
    else:
        yield from ()
