"""How the values of some variables are to be written: each raises ValueError with the remedy."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping


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
