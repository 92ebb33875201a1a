"""What is installed is whole: the program's statements, texts and pages are in the wheel."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

from m2s_orchestration_tests.structure.repository import PACKAGE, ROOT, files


def test_the_wheel_holds_every_file_of_the_package(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", tmp_path],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    packed = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    wanted = files(PACKAGE, "")

    assert {file.relative_to(ROOT).as_posix() for file in wanted} == packed
