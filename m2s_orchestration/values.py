"""How the values of some variables are to be written: each raises ValueError with the remedy."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping

SSLMODES = ("", "disable", "allow", "prefer", "require", "verify-ca", "verify-full")


def seconds(text: str) -> float:
    """A time to wait, up to ten minutes."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 < number <= 600:
        raise ValueError("write a number of seconds above 0 and up to 600")
    return number


def bucket(text: str) -> str:
    """A bucket of S3 or Google Cloud Storage, and a folder in it; no credentials."""
    if text and not re.fullmatch(r"(s3|gs)://[a-z0-9][\w.-]+(/[\w./-]*)?", text):
        raise ValueError("write a bucket such as s3://club-media or gs://club-media/files")
    return text


def command_line(text: str) -> tuple[str, ...]:
    """The words of a command line, quoted as in a shell."""
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise ValueError(f"{error}: write it as in a shell") from error


def pod_spec(text: str) -> Mapping[str, object]:
    """Part of a Kubernetes pod's spec, as JSON, with one container at most."""
    try:
        spec = json.loads(text or "{}")
    except ValueError as error:
        raise ValueError(f"this is no JSON ({error})") from error
    containers = spec.get("containers", [{}]) if isinstance(spec, dict) else None
    if not isinstance(containers, list) or [type(one) for one in containers] != [dict]:
        raise ValueError('write a pod\'s spec, such as {"containers": [{"workingDir": "/app"}]}')
    return dict(spec)


def sslmode(text: str) -> str:
    """How a database is to be spoken to, as libpq calls it."""
    if text not in SSLMODES:
        raise ValueError(f"write one of {', '.join(SSLMODES[1:])}")
    return text


def header_name(text: str) -> str:
    """The name of a header of mail."""
    if text and not all(33 <= ord(letter) <= 126 and letter != ":" for letter in text):
        raise ValueError("write a header's name without a colon, such as X-Idempotency-Key")
    return text
