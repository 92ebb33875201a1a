"""A container's memory limit: the kernel's own where we may ask it, else a watch from outside."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")


class Cage:
    """A limit that somebody else watches over; this one has none."""

    procs: Path | None = None

    def watch(self, pid: int) -> None:
        """Look whether the process is within the limit."""

    @property
    def was_exceeded(self) -> bool:
        """Whether the process was killed for want of memory."""
        return False

    @property
    def peak(self) -> int:
        """The most bytes that were in use; 0 if nobody counted."""
        return 0


class KernelCage(Cage):
    """A control group, of either version."""

    def __init__(self, folder: Path, *, limit: int) -> None:
        self._folder = folder
        self._is_first = (folder / "memory.limit_in_bytes").exists()
        self.procs = folder / "cgroup.procs"
        (folder / ("memory.limit_in_bytes" if self._is_first else "memory.max")).write_text(
            str(limit)
        )
        with contextlib.suppress(OSError):  # there may be no swap to forbid
            if self._is_first:
                (folder / "memory.memsw.limit_in_bytes").write_text(str(limit))
            else:
                (folder / "memory.swap.max").write_text("0")

    @property
    def was_exceeded(self) -> bool:
        told = self._folder / ("memory.oom_control" if self._is_first else "memory.events")
        words = dict(line.split() for line in told.read_text().splitlines())
        return int(words.get("oom_kill", 0)) > 0

    @property
    def peak(self) -> int:
        name = "memory.max_usage_in_bytes" if self._is_first else "memory.peak"
        with contextlib.suppress(OSError):  # older kernels of the second version keep no peak
            return int((self._folder / name).read_text())
        return 0


@dataclass
class WatchedCage(Cage):
    """What belongs to the container's first process alone, looked at now and then.

    Pages of programs and libraries are not counted: the kernel gives them up when it needs to.
    """

    limit: int
    most: int = 0

    def watch(self, pid: int) -> None:
        with contextlib.suppress(OSError):  # it may have ended
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            owned = [line.split()[1] for line in lines if line.startswith("RssAnon:")]
            self.most = max(self.most, *(int(kilobytes) * 1024 for kilobytes in owned), 0)
            if self.was_exceeded:
                os.kill(pid, signal.SIGKILL)

    @property
    def was_exceeded(self) -> bool:
        return self.most > self.limit

    @property
    def peak(self) -> int:
        return self.most


@contextmanager
def cage(name: str, *, limit: int | None) -> Iterator[Cage]:
    """A cage for one container."""
    if limit is None:
        yield Cage()
        return
    folder = _control_group(name)
    if folder is None:
        yield WatchedCage(limit)
        return
    try:
        yield KernelCage(folder, limit=limit)
    finally:
        with contextlib.suppress(OSError):  # the kernel may still be tidying up
            folder.rmdir()


def _control_group(name: str) -> Path | None:
    first = ROOT / "memory"
    if first.is_dir():
        parent = first
    else:
        enabled = ROOT / "cgroup.subtree_control"
        if not enabled.exists() or "memory" not in enabled.read_text().split():
            return None
        parent = ROOT
    folder = parent / f"m2s-{name}"
    try:
        folder.mkdir()
    except OSError:
        return None
    return folder
