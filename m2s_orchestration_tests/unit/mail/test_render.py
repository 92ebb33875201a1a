from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m2s_orchestration.errors import BadMessage
from m2s_orchestration.mail.render import Rendered, render
from m2s_orchestration_tests.unit.mail import letters

HOSTILE = "<script>alert(1)</script> {{7*7}} {% include 'x' %} \"><img onerror=x>"


@dataclass(frozen=True)
class Club:
    name: str = "Skyline Soaring"
    origin: str = "https://club.example"
    logo_url: str | None = None


def rendered(template: str = "plain", *, club: Club | None = None, **facts: object) -> Rendered:
    usual: dict[str, object] = {"title": "3 logsheets", "name": "Jane", "items": ["one", "two"]}
    return render(
        package=letters.__name__,
        template=template,
        context={"club": club or Club(), **usual, **facts},
    )


class Elements(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if any(name.startswith("on") for name, _ in attrs):
            self.tags.append("handler")

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_text_part_has_the_clubs_foot_and_no_gaps() -> None:
    mail = rendered()
    assert mail.subject == "3 logsheets"
    assert mail.text == (
        "Hello Jane,\n\n- one\n- two\n\n--\n"
        "This is an automatic message from Skyline Soaring.\nhttps://club.example\n"
    )


def test_the_html_part_has_its_styles_on_its_elements() -> None:
    page = rendered().html
    assert '<h1 class="heading" style="' in page
    assert '<a class="button" href="https://club.example/open" style="' in page
    assert "prefers-color-scheme: dark" in page
    assert 'href="https://club.example/?a=1&amp;b=2"' in page
    assert "Ann<br>Bob" in page
    assert "Surge" not in page


def test_the_clubs_logo_is_the_only_thing_loaded_from_elsewhere() -> None:
    assert "<img" not in rendered().html
    page = rendered(club=Club(logo_url="https://club.example/logo.png")).html
    assert page.count("src=") == 1
    assert 'src="https://club.example/logo.png"' in page


def test_a_hostile_name_is_literal_in_the_text_and_escaped_in_the_html() -> None:
    usual = Elements(rendered().html)
    mail = rendered(name=HOSTILE, title=HOSTILE, items=[HOSTILE, "two"])
    page = Elements(mail.html)
    assert page.tags == usual.tags
    assert page.text.count(HOSTILE) == 3
    assert mail.subject == HOSTILE
    assert " ".join(HOSTILE.split()) in " ".join(mail.text.split())


@given(st.text(min_size=1), st.text())
def test_no_fact_changes_the_structure_of_a_page(name: str, item: str) -> None:
    usual = Elements(rendered().html)
    page = Elements(rendered(name=f"x{name}", items=[item, "two"]).html)
    breaks = ["br", "handler"]
    assert [tag for tag in page.tags if tag not in breaks] == [
        tag for tag in usual.tags if tag not in breaks
    ]
    assert "handler" not in page.tags


def test_a_line_end_in_a_subject_does_not_reach_the_body() -> None:
    mail = rendered(title="one\r\n\r\ntwo")
    assert mail.subject == "one two"
    assert mail.text.startswith("Hello Jane")


def test_a_fact_that_a_template_misses_is_told_with_the_templates_name() -> None:
    with pytest.raises(BadMessage, match=r"letters/incomplete.txt .* 'missing' is undefined"):
        rendered("incomplete")


def test_a_fact_that_breaks_a_template_is_told_with_the_templates_name() -> None:
    with pytest.raises(BadMessage, match=r"letters/plain.txt .* TypeError"):
        rendered(items=7)


def test_a_text_without_a_subject_is_refused() -> None:
    with pytest.raises(BadMessage, match="must begin with a line `Subject: …`"):
        rendered("subjectless")
    with pytest.raises(BadMessage, match="the subject is empty"):
        rendered(title="\n")


def test_a_template_that_is_not_there_is_named() -> None:
    with pytest.raises(BadMessage, match=r"letters/nowhere.txt"):
        rendered("nowhere")
