"""Templates and facts become a subject, a text part and an HTML part.

A mail has two templates beside its notification, `email.txt` and `email.html`. The first line of
the text is `Subject: …`, the second is blank, the rest is the body. Both are bodies only: the
club's head and foot come around them from `layout.txt` and `layout.html`. An HTML body finds its
parts with `{% import "parts.html" as parts %}`.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files

import css_inline
from jinja2 import Environment, StrictUndefined, Template, TemplateNotFound, select_autoescape
from jinja2.loaders import FunctionLoader

from m2s_orchestration.errors import BadMessage
from m2s_orchestration.mail import filters
from m2s_orchestration.mail.headers import one_line

SUBJECT = "Subject:"

# Of the style sheet only the rules for narrow and for dark screens stay; the rest goes inline.
INLINER = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


@dataclass(frozen=True)
class Rendered:
    """What the reader sees: the subject on one line, the text part, the HTML part."""

    subject: str
    text: str
    html: str


def render(*, package: str, template: str, context: Mapping[str, object]) -> Rendered:
    """Render `<template>.txt` and `<template>.html` of a package.

    The layouts read `club` from the context: its `name`, `origin` and `logo_url`. Raises BadMessage
    with the template's name when it cannot be rendered with these facts.
    """
    with _named(f"{package}/{template}.txt"):
        subject, text = _text(package, template, context)
    with _named(f"{package}/{template}.html"):
        html = _html(package, template, context)
    return Rendered(subject, text, html)


def _text(package: str, template: str, context: Mapping[str, object]) -> tuple[str, str]:
    subject, body = _subject_and_body(package, template)
    layout = _environment(package).get_template("layout.txt")
    line = one_line(subject.render(context))
    if not line:
        raise ValueError("the subject is empty")
    told = body.render(context).strip("\n")
    return line, filters.tidy(layout.render(context, body=told))


def _html(package: str, template: str, context: Mapping[str, object]) -> str:
    environment = _environment(package)
    body = environment.get_template(f"{template}.html").render(context)
    page = environment.get_template("layout.html").render(context, body=body)
    return INLINER.inline(page)


@functools.cache
def _subject_and_body(package: str, template: str) -> tuple[Template, Template]:
    """Two templates of one file, so that no fact with a line end moves the border between them."""
    source, _, _ = _source(package, f"{template}.txt")
    first, _, rest = source.partition("\n")
    blank, _, body = rest.partition("\n")
    if not first.startswith(SUBJECT) or blank.strip():
        raise ValueError(f"it must begin with a line `{SUBJECT} …` and a blank line")
    environment = _environment(package)
    subject = environment.from_string(first.removeprefix(SUBJECT))
    return subject, environment.from_string(body)


@functools.cache
def _environment(package: str) -> Environment:
    environment = Environment(
        # Text parts are never escaped: neither files named .txt nor what is made from a string.
        autoescape=select_autoescape(["html"], default_for_string=False),
        loader=FunctionLoader(lambda name: _source(package, name)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    for name in ("long_date", "short_date", "plural", "join_and"):
        environment.filters[name] = getattr(filters, name)
    return environment


def _source(package: str, name: str) -> tuple[str, str, None]:
    """A template's text and its name for error messages; the package's own comes first."""
    for place in (package, __package__):
        file = files(place) / name
        if file.is_file():
            return file.read_text(encoding="utf-8"), f"{place}/{name}", None
    raise TemplateNotFound(name)


@contextlib.contextmanager
def _named(name: str) -> Iterator[None]:
    """Any fault is one of this template with these facts."""
    try:
        yield
    except Exception as error:
        # Facts run code of their own in a template; what it raises concerns this one mail.
        raise BadMessage(f"{name} cannot be rendered: {type(error).__name__}: {error}.") from error
