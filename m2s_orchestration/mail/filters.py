"""How mails write dates, counts and lists."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from datetime import date

WIDTH = 72
BULLET = re.compile(r"[ ]*(?:[-*•–] +|\d+[.)] +)?")


def long_date(day: date) -> str:
    """`Sunday, March 1, 2026`."""
    return f"{day:%A, %B} {day.day}, {day.year}"


def short_date(day: date) -> str:
    """`Mar 1, 2026`."""
    return f"{day:%b} {day.day}, {day.year}"


def plural(count: int, one: str, many: str = "") -> str:
    """`1 logsheet`, `3 logsheets`; `many` where an s does not do."""
    return f"{count} {one if count == 1 else many or f'{one}s'}"


def join_and(words: Iterable[str]) -> str:
    """`Ann`, `Ann and Bob`, `Ann, Bob and Cid`."""
    listed = [str(word) for word in words]
    return " and ".join([*filter(None, [", ".join(listed[:-1])]), *listed[-1:]])


def tidy(text: str) -> str:
    """A text part as it is read: no long lines but those of a URL, no runs of blank lines."""
    lines = [part for line in text.splitlines() for part in _wrapped(line.rstrip())]
    joined = re.sub(r"\n{3,}", "\n\n", "\n".join(lines))
    return joined.strip("\n") + "\n"


def _wrapped(line: str) -> list[str]:
    if len(line) <= WIDTH:
        return [line]
    bullet = BULLET.match(line)
    start = bullet.end() if bullet else 0
    return textwrap.wrap(
        line[start:],
        WIDTH,
        initial_indent=line[:start],
        subsequent_indent=" " * start,
        break_long_words=False,
        break_on_hyphens=False,
        replace_whitespace=False,
    )
