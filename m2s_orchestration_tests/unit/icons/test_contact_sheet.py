"""The sheet of icons in the documents shows what is made today."""

from __future__ import annotations

from PIL import Image, ImageChops, ImageStat

from m2s_orchestration_tests.contact_sheet import sheet
from m2s_orchestration_tests.structure.repository import ROOT


def test_the_sheet_in_the_documents_is_what_is_made_today() -> None:
    """`python -m m2s_orchestration_tests.contact_sheet docs/icons.png` makes it anew."""
    today = sheet().convert("RGB")
    with Image.open(ROOT / "docs" / "icons.png") as kept:
        differing = ImageChops.difference(today, kept.convert("RGB"))

    assert max(ImageStat.Stat(differing).mean) < 2
