"""The report: its entries, and the same as a CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from dateutil.relativedelta import relativedelta

HEADINGS = ("Name", "Email", "Status", "Joined", "Membership", "Flights", "Latest flight")
# A spreadsheet takes a cell that begins like this for a formula, and runs it.
FORMULA_MARKS = ("=", "+", "-", "@")


@dataclass(frozen=True)
class Entry:
    """One member of the report. `email` is empty where there is none; `membership` is in words."""

    name: str
    email: str
    status: str
    joined: date | None
    membership: str
    flights: int
    latest_flight: date


@dataclass(frozen=True)
class Report:
    """What the mail says, with the criteria as they were set for the run.

    `month` is the first day of the month reported on; `instead` is whether it goes to the operators
    because no member manager can be mailed.
    """

    month: date
    entries: tuple[Entry, ...]
    lookback_months: int
    min_flights: int
    min_membership_months: int
    exempt_statuses: tuple[str, ...]
    instead: bool

    @property
    def period(self) -> str:
        """The month as `YYYY-MM`."""
        return f"{self.month:%Y-%m}"


def membership(joined: date | None, today: date) -> str:
    """How long somebody has been a member, in whole calendar years and months."""
    if joined is None:
        return "unknown"
    span = relativedelta(today, joined)
    parts = ((span.years, "year"), (span.months, "month"))
    told = [f"{number} {unit}{'s' * (number != 1)}" for number, unit in parts if number]
    return " and ".join(told) or "less than a month"


def as_csv(entries: Iterable[Entry]) -> bytes:
    """The entries as CSV in UTF-8, safe to open in a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADINGS)
    for entry in entries:
        cells = (
            *(entry.name, entry.email, entry.status, entry.joined or "", entry.membership),
            *(entry.flights, entry.latest_flight),
        )
        writer.writerow(_harmless(str(cell)) for cell in cells)
    return text.getvalue().encode()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.lstrip().startswith(FORMULA_MARKS) else cell
