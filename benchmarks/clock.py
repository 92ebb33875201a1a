"""How long something takes, and how much memory it needs."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path


def best_of(times: int, work: Callable[[], object]) -> float:
    """The seconds of the quickest of so many: what else the machine does only ever adds."""
    return min(timed(work) for _ in range(times))


def timed(work: Callable[[], object]) -> float:
    """The seconds that the work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def megabytes_for(work: Callable[[], object]) -> float:
    """By how much the work raises this process's memory at its highest, in MB."""
    before = _kilobytes("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forget the highest so far
    work()
    return max(0.0, (_kilobytes("VmHWM") - before) / 1024)


def megabytes_of(process: int) -> float:
    """The memory that a process has now, in MB."""
    return _kilobytes("VmRSS", str(process)) / 1024


def _kilobytes(name: str, process: str = "self") -> int:
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))
