"""What a page of the demo is answered with, and how it looks."""

from __future__ import annotations

from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

# The pages need no script and load nothing from elsewhere.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; img-src 'self'"

ENVIRONMENT = Environment(
    loader=PackageLoader("m2s_orchestration.demo", "pages"),
    autoescape=True,
    undefined=StrictUndefined,
)


@dataclass(frozen=True)
class Answer:
    """The bytes of a page, their type, and what the browser may do with them."""

    body: bytes
    kind: str = "text/html; charset=utf-8"
    policy: str = POLICY
    file_name: str | None = None


def page(template: str, **shown: object) -> Answer:
    """A page from its template."""
    return Answer(ENVIRONMENT.get_template(template).render(shown).encode(errors="replace"))
