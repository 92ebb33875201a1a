"""Programs of Debian's packages, on whatever machine the tests run: fetched where they are missing.

A package is unpacked and not installed: nothing is started by it, and it needs no root.
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from pathlib import Path

FOLDER = Path(__file__).parents[1] / ".debian"


def program(name: str, *, package: str) -> Path:
    """The program on the path, or out of its package, which is fetched the first time."""
    if on_path := shutil.which(name):
        return Path(on_path)
    unpacked = FOLDER / package
    FOLDER.mkdir(exist_ok=True)
    # Tests run side by side, and one of them is to fetch it.
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not unpacked.exists():
            _unpack(package, unpacked)
    found = unpacked / "usr" / "bin" / name
    assert found.exists(), f"Debian's package {package} has no {name}"
    return found


def _unpack(package: str, folder: Path) -> None:
    fetched, unfinished = FOLDER / f"{package}.fetched", FOLDER / f"{package}.part"
    for leftover in (fetched, unfinished):
        shutil.rmtree(leftover, ignore_errors=True)
    fetched.mkdir()
    download = ["apt-get", "download", "--quiet", package]
    if subprocess.run(download, cwd=fetched, check=False, capture_output=True).returncode:
        # A fresh container knows of no packages yet.
        subprocess.run(["apt-get", "update", "--quiet"], check=True, capture_output=True)
        subprocess.run(download, cwd=fetched, check=True, capture_output=True)
    (file,) = fetched.glob("*.deb")
    subprocess.run(["dpkg-deb", "--extract", file, unfinished], check=True)
    unfinished.rename(folder)
    shutil.rmtree(fetched)
