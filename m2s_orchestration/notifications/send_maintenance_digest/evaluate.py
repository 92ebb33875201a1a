"""Which aircraft meister reads what of the fleet's open issues."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from m2s_orchestration.framework import (
    Club,
    Decision,
    Message,
    Occurrence,
    Parameters,
    PassedOver,
    Recipient,
    Untold,
)
from m2s_orchestration.notifications.send_maintenance_digest.rows import (
    Aircraft,
    Issue,
    Meister,
    Rows,
)

UNASSIGNED = "Unassigned"


@dataclass(frozen=True)
class Line:
    """One issue as the mail lists it."""

    aircraft: str
    description: str
    report_date: date
    grounded: bool


@dataclass(frozen=True)
class Facts:
    """What the mail says: the issues of the reader's own aircraft, and the others."""

    club_date: date
    own: tuple[Line, ...]
    others: tuple[Line, ...]

    @property
    def count(self) -> int:
        return len(self.own) + len(self.others)


def evaluate(rows: Rows, occurrence: Occurrence, club: Club, parameters: Parameters) -> Decision:
    """A message for each meister of an aircraft that has an open issue."""
    issues = sorted(rows.open_issues, key=lambda row: (not row.grounded, row.report_date, row.id))
    concerned = {aircraft for issue in issues for aircraft in issue.labels}
    cared_for = _cared_for(rows.meisters, concerned)
    people = [club.member(member_id) for member_id in sorted(cared_for)]
    faults = {member.id: club.mail_fault(member) for member in people}
    period, today = _period(occurrence, club), occurrence.club_date(club.zone)
    return Decision(
        messages=tuple(
            Message(Recipient.of(member), period, _facts(issues, cared_for[member.id], today))
            for member in people
            if faults[member.id] is None
        ),
        passed_over=tuple(
            PassedOver(Recipient.of(member), period, fault)
            for member in people
            if (fault := faults[member.id])
        ),
        untold=tuple(_untold(issues, cared_for, faults)),
        found={
            "open_issues": len(issues),
            "grounded_issues": sum(issue.grounded for issue in issues),
            "meisters": len(people),
        },
    )


def _period(occurrence: Occurrence, club: Club) -> str:
    """The digest of a week is called after the date of the schedule's tick that began the week.

    That is the tick's date also for a run by hand on a later day, so that it tells the same week's
    digest, to those only who have not had it. Weeks of the calendar would not do: wherever the tick
    falls on Saturday evening, a run on the next morning would take the next tick's place.
    """
    return club.date(occurrence.tick).isoformat()


def _cared_for(
    meisters: Iterable[Meister], concerned: Collection[Aircraft]
) -> dict[int, set[Aircraft]]:
    """The aircraft with an open issue that each meister looks after, by the meister's id."""
    cared_for: dict[int, set[Aircraft]] = {}
    for meister in meisters:
        for aircraft in meister.aircraft:
            if aircraft in concerned:
                cared_for.setdefault(meister.member_id, set()).add(aircraft)
    return cared_for


def _facts(issues: Iterable[Issue], own: Collection[Aircraft], today: date) -> Facts:
    lines = [(_line(issue), any(aircraft in own for aircraft in issue.labels)) for issue in issues]
    return Facts(
        club_date=today,
        own=tuple(line for line, is_own in lines if is_own),
        others=tuple(line for line, is_own in lines if not is_own),
    )


def _line(issue: Issue) -> Line:
    return Line(
        aircraft=" and ".join(issue.labels.values()) or UNASSIGNED,
        description=issue.description.strip(),
        report_date=issue.report_date,
        grounded=issue.grounded,
    )


def _untold(
    issues: Iterable[Issue],
    cared_for: Mapping[int, Collection[Aircraft]],
    faults: Mapping[int, str | None],
) -> Iterator[Untold]:
    """The aircraft none of whose meisters can be mailed, if they are grounded or nobody hears."""
    told = {
        aircraft
        for member_id, own in cared_for.items()
        if faults[member_id] is None
        for aircraft in own
    }
    for aircraft, theirs in _by_aircraft(issues).items():
        is_grounded = any(issue.grounded for issue in theirs)
        if aircraft not in told and (is_grounded or not told):
            tried = [member_id for member_id, own in cared_for.items() if aircraft in own]
            reasons = "; ".join(f"member {member_id}: {faults[member_id]}" for member_id in tried)
            nobody = "it has no meister" if aircraft else "the report names no aircraft"
            yield Untold(_item(aircraft, theirs), reasons or nobody)


def _by_aircraft(issues: Iterable[Issue]) -> dict[Aircraft | None, list[Issue]]:
    """The issues of each aircraft, and under None those without one."""
    found: dict[Aircraft | None, list[Issue]] = {}
    for issue in issues:
        for aircraft in issue.labels or [None]:
            found.setdefault(aircraft, []).append(issue)
    return found


def _item(aircraft: Aircraft | None, theirs: list[Issue]) -> str:
    label = theirs[0].labels[aircraft] if aircraft else UNASSIGNED
    grounded = [issue.report_date for issue in theirs if issue.grounded]
    since = min(grounded or [issue.report_date for issue in theirs])
    state = "grounded since" if grounded else "open issues since"
    return f"{label}: {state} {since}"
