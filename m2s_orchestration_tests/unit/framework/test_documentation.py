from __future__ import annotations

import re
from pathlib import Path

import dagster as dg
import pytest

from m2s_orchestration.definitions import defs
from m2s_orchestration.framework.documentation import links

DOCS = Path(__file__).parents[3] / "docs"


def test_a_link_leads_to_where_the_documents_are_published(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DOCS_URL", "https://git.example.org/m2s/docs/")
    assert links(documentation="ui.md#runs") == {
        "documentation": dg.MetadataValue.url("https://git.example.org/m2s/docs/ui.md#runs")
    }


def test_without_it_the_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCS_URL", raising=False)
    assert links(help="ui.md") == {"help": dg.MetadataValue.text("docs/ui.md")}


def test_an_address_that_is_none_is_told_where_the_link_would_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DOCS_URL", "docs.example.org")
    told = str(links(help="ui.md")["help"].value)
    assert told.startswith("docs/ui.md (DOCS_URL is 'docs.example.org': write the whole address")


def _documented() -> list[tuple[str, object]]:
    repository = defs.get_repository_def()
    found: list[tuple[str, object]] = []
    for kind in (repository.get_all_jobs(), repository.schedule_defs, repository.sensor_defs):
        found.extend((item.name, item) for item in kind if not item.name.startswith("__"))
    return found


@pytest.mark.parametrize("name", [f"{type(item).__name__} {name}" for name, item in _documented()])
def test_everything_in_the_ui_has_words_an_owner_and_a_document(name: str) -> None:
    item = next(item for known, item in _documented() if f"{type(item).__name__} {known}" == name)
    assert item.description  # type: ignore[attr-defined]
    assert item.owners  # type: ignore[attr-defined]
    told = str(item.metadata["documentation"].value)  # type: ignore[attr-defined]
    path, _, heading = told.removeprefix("docs/").partition("#")
    text = (DOCS / path).read_text(encoding="utf-8")
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    assert heading in [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles]
