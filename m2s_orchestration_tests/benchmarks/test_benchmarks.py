"""Every benchmark runs at its smallest, and the page says what was found."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from benchmarks import page, pages
from benchmarks.__main__ import BENCHMARKS
from benchmarks.findings import Findings, Plot, Row
from benchmarks.laboratory import Laboratory
from benchmarks.page import Told
from benchmarks.plot import draw
from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration_tests.structure.repository import ROOT


# What needs a browser is tried beside the other things that do.
@pytest.mark.parametrize("name", [name for name in BENCHMARKS if name != pages.NAME])
def test_it_finds_figures(name: str, postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    findings = BENCHMARKS[name].measure(Laboratory(tmp_path, postgres, is_small=True))

    assert findings.rows
    assert all(row.figure > 0 or row.unit == "MB" for row in findings.rows)
    for plot in findings.plots:
        assert "<svg" in draw(plot, tmp_path).read_text(encoding="utf-8")


def test_every_benchmark_is_listed() -> None:
    found = {
        module.stem
        for module in (ROOT / "benchmarks").glob("[a-z]*.py")
        if hasattr(importlib.import_module(f"benchmarks.{module.stem}"), "NAME")
    }

    assert found == set(BENCHMARKS)


def test_a_ratio_says_how_many_times_better_it_is() -> None:
    quicker = Row("what", "at", 0.5, "s", "before", 2.0, bar=4)
    fewer = Row("what", "at", 5, "mails/s", "before", 10, better="more", bar=0.7)

    assert (quicker.ratio, quicker.holds) == (4, True)
    assert (fewer.ratio, fewer.holds) == (0.5, False)


def test_the_page_shows_what_was_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "FIGURES", tmp_path / "speed")
    monkeypatch.setattr(page, "PAGE", tmp_path / "speed.md")
    plot = Plot("curve", "A curve", "members", "seconds", ("75",), {"ours": (1.0,)})
    row = Row("sending", "50 ms", 20.5, "mails/s", "one by one", 2.5, better="more", bar=10)
    told = Told("sending", "Sending", "How.", "today", Findings((row,), (plot,), ("Remark.",)))

    page.keep(told)
    kept = page.kept("sending")
    assert kept == told
    page.write([kept])

    text = (tmp_path / "speed.md").read_text(encoding="utf-8")
    assert (
        "| sending | 50 ms | 20.5 mails/s | one by one | 2.5 mails/s | 8.2× | 10×, missed |" in text
    )
    assert "![A curve](speed/curve.svg)" in text
