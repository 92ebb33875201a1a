"""What a person would see of a job's work: mails, notices and rows, reduced to comparable facts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from html import unescape
from itertools import accumulate
from typing import Any
from urllib.parse import urlsplit

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
ISO_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
WRITTEN_DATE = re.compile(rf"\b({'|'.join(MONTHS)})[a-z]*\.? (\d{{1,2}}), (\d{{4}})")
LINK = re.compile(r"https?://[^\s\"'<>)]+")
TARGET = re.compile(r"href=\"([^\"]+)\"")
NOT_TEXT = re.compile(r"(?s)<style.*?</style>|<!--.*?-->|<head.*?</head>|<[^>]+>")

Calendar = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class SeenMail:
    """One mail: the whole numbers of its subject, and what its body names and links to."""

    to: tuple[str, ...]
    numbers: tuple[int, ...]
    members: frozenset[int] = frozenset()
    dates: frozenset[str] = frozenset()
    links: frozenset[str] = frozenset()
    calendars: tuple[Calendar, ...] = ()


@dataclass(frozen=True)
class SeenRows:
    """Rows of one table: how many are new or changed, and the ids of those that are gone."""

    created: int = 0
    changed: int = 0
    deleted: frozenset[int] = frozenset()


@dataclass(frozen=True)
class SeenNotices:
    """In-app notices: (member, url, count) of the new, counts of the changed, ids of the gone."""

    created: Counter[tuple[int, str, int | None]] = field(default_factory=Counter)
    changed: Counter[int | None] = field(default_factory=Counter)
    deleted: Counter[int] = field(default_factory=Counter)

    def __add__(self, other: SeenNotices) -> SeenNotices:
        return SeenNotices(
            self.created + other.created,
            self.changed + other.changed,
            self.deleted + other.deleted,
        )

    def __sub__(self, other: SeenNotices) -> SeenNotices:
        return SeenNotices(
            self.created - other.created,
            self.changed - other.changed,
            self.deleted - other.deleted,
        )


@dataclass(frozen=True)
class Seen:
    """All that one run led to; `refused` is whether it did not begin."""

    mails: frozenset[SeenMail] = frozenset()
    notices: SeenNotices = SeenNotices()
    rows: Mapping[str, SeenRows] = field(default_factory=dict)
    refused: bool = False


def recorded(story: Mapping[str, Any]) -> Seen:
    """What a file of the expected folder tells."""
    notices = story["notices"]
    return Seen(
        mails=frozenset(accumulate(map(_mail, story["emails"]), _in_full)),
        notices=SeenNotices(
            created=Counter(
                (new["user_id"], new["url"], new["count"]) for new in notices["created"]
            ),
            changed=Counter(row["count"] for row in notices["changed"]),
            deleted=Counter(notices["deleted"]),
        ),
        rows={
            table: SeenRows(
                created=len(found.get("created", ())),
                changed=len(found.get("changed", ())),
                deleted=frozenset(found.get("deleted", ())),
            )
            for table, found in story["rows"].items()
        },
    )


def _mail(mail: Mapping[str, Any]) -> SeenMail:
    return SeenMail(
        to=tuple(mail["to"]),
        numbers=tuple(mail["subject_numbers"]),
        members=frozenset(mail["members"]),
        dates=frozenset(mail["dates"]),
        links=frozenset(mail["links"]),
        calendars=tuple(sorted(tuple(sorted(item.items())) for item in mail["calendar"])),
    )


def _in_full(before: SeenMail, mail: SeenMail) -> SeenMail:
    """Of mails of one body that differ in their calendar file only the first tells what it says."""
    if mail.calendars and not mail.links:
        return replace(mail, members=before.members, dates=before.dates, links=before.links)
    return mail


def first_number(text: str) -> int | None:
    """The first whole number of a text."""
    found = re.search(r"\d+", text)
    return int(found[0]) if found else None


def numbers(text: str) -> tuple[int, ...]:
    """The whole numbers of a text, in order, without those of dates in ISO form."""
    return tuple(int(number) for number in re.findall(r"\d+", ISO_DATE.sub(" ", text)))


def dates(text: str) -> frozenset[str]:
    """The dates of a text, in ISO form."""
    written = (
        date(int(year), MONTHS.index(month[:3]) + 1, int(day)).isoformat()
        # A date may go over the end of a line.
        for month, day, year in WRITTEN_DATE.findall(" ".join(text.split()))
    )
    return frozenset((*ISO_DATE.findall(text), *written))


def paths(addresses: Iterable[str]) -> frozenset[str]:
    """The paths of links; the site itself is not one."""
    found = (urlsplit(address).path for address in addresses if address.startswith("http"))
    return frozenset(path for path in found if path not in {"", "/"})


def named(text: str, names: Mapping[int, str]) -> frozenset[int]:
    """The ids of the members whose display name occurs in a text."""
    flat = " ".join(text.split())
    return frozenset(id for id, name in names.items() if name and name in flat)


def text_of(html: str) -> str:
    """What a reader of the HTML part reads."""
    return unescape(NOT_TEXT.sub(" ", html))
