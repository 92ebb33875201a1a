"""Containers without a daemon: podman, with images and containers of its own in `.kubernetes`."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from m2s_orchestration_tests.kubernetes.chart import values

FOLDER = values.ROOT / ".kubernetes"
BASE = "docker.io/library/python:3.11-slim-bookworm"
IMAGE = "localhost/m2s_orchestration:rehearsal"
# What the official image has that the Dockerfile relies on: a Python 3.11 in /usr/local/bin.
STANDS_IN = ("python3", "python3-venv", "python3-pip", "ca-certificates")
LABEL = "m2s.stands-in"
MADE = "a Debian made by debootstrap"
CERTIFICATES = Path("/etc/ssl/certs")
PIP_SETTINGS = Path("/etc/pip.conf")

Argument = str | Path


class NotBuilt(Exception):
    """The image could not be made, or a container not be started."""


def podman(*arguments: Argument, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run podman to its end."""
    process = subprocess.run(
        ["podman", *arguments],
        env=environment(),
        # Its monitor leaves a note where it was started when the kernel kills a container.
        cwd=FOLDER,
        check=False,
        capture_output=True,
        text=True,
    )
    if check and process.returncode:
        raise NotBuilt(f"podman {arguments[0]}: {process.stderr.strip()[-2000:]}")
    return process


def build() -> str:
    """Carry out the Dockerfile; returns on what base."""
    base = _base()
    mounts = [
        f"--volume={place}:{place}:ro" for place in (CERTIFICATES, PIP_SETTINGS) if place.exists()
    ]
    podman(
        *("build", "--isolation", "chroot", "--pull=never", "--network", "host", *mounts),
        *("--tag", IMAGE, values.ROOT),
    )
    return base


def _base() -> str:
    here = podman("image", "exists", BASE, check=False).returncode == 0
    if not here and podman("pull", "--quiet", BASE, check=False).returncode:
        _make_base(FOLDER / "debian")
    label = podman(
        "inspect", "--type", "image", "--format", f'{{{{index .Labels "{LABEL}"}}}}', BASE
    )
    return label.stdout.strip() or BASE


def _make_base(root: Path) -> None:
    """A clean Debian that answers to the base image's name, where no registry can be reached."""
    shutil.rmtree(root, ignore_errors=True)
    root.parent.mkdir(exist_ok=True)
    _run(["debootstrap", "--variant=minbase", f"--include={','.join(STANDS_IN)}", "bookworm", root])
    for name in ("python", "python3"):
        (root / "usr/local/bin" / name).symlink_to("/usr/bin/python3.11")
    bundle = CERTIFICATES / "ca-certificates.crt"
    changes = ["ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"]
    changes += [f"ENV {name}={bundle}" for name in ("SSL_CERT_FILE", "PIP_CERT")]
    changes += [f'LABEL "{LABEL}"="{MADE}"']
    tarball = root.with_suffix(".tar")
    _run(["tar", "--create", "--file", tarball, "--directory", root, "."])
    podman("import", "--quiet", *(f"--change={change}" for change in changes), tarball, BASE)
    tarball.unlink()
    shutil.rmtree(root)


def _run(command: Iterable[Argument]) -> None:
    process = subprocess.run(list(command), check=False, capture_output=True, text=True)
    if process.returncode:
        raise NotBuilt(f"{process.args[0]}: {(process.stdout + process.stderr).strip()[-2000:]}")


def environment() -> dict[str, str]:
    """Its own storage, and settings that a machine without systemd can keep."""
    folder = FOLDER / "containers"
    folder.mkdir(parents=True, exist_ok=True)
    storage, settings = folder / "storage.conf", folder / "containers.conf"
    storage.write_text(
        f'[storage]\ndriver = "overlay"\ngraphroot = "{folder}/graph"\nrunroot = "{folder}/run"\n',
        encoding="utf-8",
    )
    settings.write_text(
        '[containers]\ndefault_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]\n'
        '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n',
        encoding="utf-8",
    )
    return {
        **os.environ,
        "CONTAINERS_STORAGE_CONF": str(storage),
        "CONTAINERS_CONF": str(settings),
    }
