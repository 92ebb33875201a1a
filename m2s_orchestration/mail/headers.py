"""Header fields, written here and not by the standard library.

Python's `EmailMessage` decodes an encoded word in what it is given and writes what was in it, line
ends included (CVE-2024-6923): a subject could then add a `Bcc`. Here text never becomes structure.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from email.charset import BASE64, Charset
from email.header import Header
from urllib.parse import quote

from m2s_orchestration.errors import BadMessage
from m2s_orchestration.mail.addresses import BIDIRECTIONAL_OVERRIDES

LINE = 78
TOKEN = re.compile(r"[A-Za-z0-9!#$&^_.+-]+")
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
OVERRIDES = str.maketrans("", "", BIDIRECTIONAL_OVERRIDES)


def one_line(text: str) -> str:
    """The text as a header can hold it: controls are spaces, spaces single, overrides gone."""
    readable = text.encode(errors="replace").decode().translate(OVERRIDES)
    return re.sub(" +", " ", CONTROLS.sub(" ", readable)).strip(" ")


def field(name: str, value: str) -> bytes:
    """A field whose value is structure of our own making: it goes out as it is."""
    if CONTROLS.search(value):
        raise BadMessage(f"The header {name} may not hold control characters: {value!r}.")
    return f"{name}: {value}\r\n".encode()


def text_field(name: str, text: str) -> bytes:
    """A field of free text: folded at its spaces if it is plain ASCII, else in encoded words."""
    line = one_line(text)
    folded = textwrap.wrap(
        f"{name}: {line}",
        width=LINE,
        subsequent_indent=" ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    if line.isascii() and "=?" not in line and all(len(part) <= LINE for part in folded):
        return "".join(f"{part}\r\n" for part in folded).encode()
    utf8 = Charset("utf-8")
    utf8.header_encoding = BASE64
    words = Header(line, utf8, header_name=name, maxlinelen=LINE - 2).encode(linesep="\r\n")
    return f"{name}: {words}\r\n".encode()


def parameters(values: Mapping[str, str]) -> str:
    """`; name=value` for each parameter, each on its own line, in any script (RFC 2231)."""
    return "".join(f";\r\n {_parameter(name, one_line(value))}" for name, value in values.items())


def _parameter(name: str, value: str) -> str:
    if not TOKEN.fullmatch(name):
        raise BadMessage(f"{name!r} cannot be the name of a parameter.")
    if TOKEN.fullmatch(value):
        return f"{name}={value}"
    if value.isascii():
        escaped = re.sub(r'(["\\])', r"\\\1", value)
        return f'{name}="{escaped}"'
    return f"{name}*=utf-8''{quote(value, safe='')}"
