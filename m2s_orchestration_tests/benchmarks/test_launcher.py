from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.overhead import ROOT

MIB = 1024 * 1024


def _launched(told: Path, script: str) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "benchmarks.launcher", str(told), sys.executable)
    return subprocess.run(
        (*command, "-c", script), cwd=ROOT, check=False, capture_output=True, text=True
    )


def test_a_command_is_not_charged_with_the_memory_of_who_asks(tmp_path: Path) -> None:
    ballast = b"x" * (200 * MIB)

    seconds, processor, megabytes = map(
        float, _launched(tmp_path / "told", "x = b'x' * (50 << 20)").stdout.split()
    )

    # Here until now.
    assert len(ballast) == 200 * MIB
    assert 50 < megabytes < 100
    assert 0 < processor <= seconds * 2


def test_a_command_that_fails_says_so_and_what_it_said_is_kept(tmp_path: Path) -> None:
    failed = _launched(tmp_path / "told", "raise SystemExit('no members')")

    assert failed.returncode == 1
    assert (tmp_path / "told").read_text() == "no members\n"
