"""How the values of some variables are to be written: each raises ValueError with the remedy."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping

TRUE = {"true", "1", "yes", "on"}
FALSE = {"false", "0", "no", "off", ""}
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


def boolean(text: str) -> bool:
    """Yes or no."""
    if text.lower() not in TRUE | FALSE:
        raise ValueError("write true or false")
    return text.lower() in TRUE


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """What reads a whole number within these bounds."""

    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise ValueError(f"write a whole number from {low} to {high}")
        return int(text)

    return parse


def sslmode(text: str) -> str:
    """How a connection to the database is to be encrypted, in libpq's words."""
    if text not in SSLMODES:
        raise ValueError(f"write one of {', '.join(SSLMODES[1:])}")
    return text


def comma_separated(text: str) -> tuple[str, ...]:
    """The parts of a list."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def header_name(text: str) -> str:
    """The name of a header, or nothing."""
    if text and not all(33 <= ord(letter) <= 126 and letter != ":" for letter in text):
        raise ValueError("write a header's name without a colon, such as X-Idempotency-Key")
    return text
