"""Keeps the files that a run makes, under names that cannot be guessed."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from m2s_orchestration.framework.decision import Artifact


def keep(artifact: Artifact, *, root: Path, notification: str) -> Path:
    """Write the file below `root`; returns where. Raises OSError. Only its owner may read it."""
    folder = root / "exports" / notification
    folder.mkdir(parents=True, exist_ok=True)
    name = Path(artifact.name)
    path = folder / f"{name.stem}-{secrets.token_urlsafe(6)}{name.suffix}"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(artifact.content)
    return path
