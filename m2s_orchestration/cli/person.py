"""Who gives the command, for the record."""

from __future__ import annotations

import getpass
import os


def person() -> str:
    """The user's name; in a container without names, the number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user id {os.getuid()}"
