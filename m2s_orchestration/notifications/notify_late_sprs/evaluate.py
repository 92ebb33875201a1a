"""Who hears of which overdue reports, and who gets copies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from m2s_orchestration.framework import (
    Club,
    Decision,
    Member,
    Message,
    Notice,
    Occurrence,
    PassedOver,
    Recipient,
    Untold,
)
from m2s_orchestration.notifications.notify_late_sprs.overdue import (
    Report,
    Section,
    in_sections,
    level_of,
)
from m2s_orchestration.notifications.notify_late_sprs.parameters import Parameters
from m2s_orchestration.notifications.notify_late_sprs.rows import (
    OfficeHolder,
    Rows,
    UnreportedLesson,
)

# The web application dismisses and hides the notice by these two.
WORDS = "overdue Student Progress Report"
PATH = "/instructors/"
COPY = "copy"

# The overdue reports of each instructor, in the club's order, the oldest first.
Owed = Mapping[int, tuple[Report, ...]]


@dataclass(frozen=True)
class Facts:
    """What an instructor's mail says."""

    reports: tuple[Report, ...]

    @property
    def sections(self) -> tuple[Section, ...]:
        """The reports by level, the most urgent first."""
        return in_sections(self.reports)

    @property
    def level(self) -> str:
        """How urgent the mail is."""
        return self.sections[0].level


@dataclass(frozen=True)
class Debtor:
    """An instructor who owes reports; `is_told` is whether they can be mailed themselves."""

    instructor: Member
    is_told: bool
    reports: tuple[Report, ...]


@dataclass(frozen=True)
class Copy:
    """What a copy says: the instructors its reader is to know of."""

    debtors: tuple[Debtor, ...]


def evaluate(rows: Rows, occurrence: Occurrence, club: Club, parameters: Parameters) -> Decision:
    """A message and a notice for each instructor who owes reports, and the copies."""
    today = occurrence.club_date(club.zone)
    period = period_of(occurrence, club)
    owed = _owed(rows.unreported_lessons, club, today)
    copied = _copied(owed, rows.office_holders, club, parameters)
    instructors, readers = list(map(club.member, owed)), list(map(club.member, copied))
    return Decision(
        messages=(
            *(
                Message(_by_full_name(member), period, Facts(owed[member.id]))
                for member in instructors
                if club.mail_fault(member) is None
            ),
            *(
                Message(Recipient.of(member), period, Copy(copied[member.id]), COPY, template=COPY)
                for member in readers
                if club.mail_fault(member) is None
            ),
        ),
        notices=tuple(
            _notice(member, period=period, count=len(owed[member.id]))
            for member in instructors
            if club.is_active(member)
        ),
        passed_over=(
            *_passed_over(instructors, club, period),
            *_passed_over(readers, club, period, variant=COPY),
        ),
        untold=tuple(_untold(owed, copied, club)),
        found={
            "unreported_lessons": len(rows.unreported_lessons),
            "overdue_reports": sum(map(len, owed.values())),
        },
    )


def period_of(occurrence: Occurrence, club: Club) -> str:
    """The club's date: once a week, whatever the schedule's day."""
    return occurrence.club_date(club.zone).isoformat()


def _owed(lessons: Iterable[UnreportedLesson], club: Club, today: date) -> Owed:
    """The overdue reports of each instructor, by the instructor's id."""

    def in_order(lesson: UnreportedLesson) -> tuple[date, tuple[str, str, int]]:
        return lesson.flown, club.member(lesson.student_id).sort_name

    owed: dict[int, list[Report]] = {}
    for lesson in sorted(lessons, key=in_order):
        age = (today - lesson.flown).days
        if level := level_of(age):
            student = club.member(lesson.student_id).display_name
            reports = owed.setdefault(lesson.instructor_id, [])
            reports.append(Report(student, lesson.flown, age, level))
    instructors = sorted(owed, key=lambda id: club.member(id).sort_name)
    return {instructor_id: tuple(owed[instructor_id]) for instructor_id in instructors}


def _copied(
    owed: Owed, holders: Iterable[OfficeHolder], club: Club, parameters: Parameters
) -> dict[int, tuple[Debtor, ...]]:
    """Whom each reader of copies is to know of, by the reader's id."""
    offices: dict[int, set[str]] = {}
    for holder in holders:
        offices.setdefault(holder.member_id, set()).add(holder.office)
    wanted = {
        instructor_id: parameters.offices_for({report.level for report in reports})
        for instructor_id, reports in owed.items()
    }
    copied = {
        reader_id: tuple(
            Debtor(club.member(instructor_id), _can_be_told(instructor_id, club), reports)
            for instructor_id, reports in owed.items()
            if instructor_id != reader_id and held & wanted[instructor_id]
        )
        for reader_id, held in offices.items()
    }
    in_order = sorted(copied, key=lambda id: club.member(id).sort_name)
    return {reader_id: copied[reader_id] for reader_id in in_order if copied[reader_id]}


def _by_full_name(member: Member) -> Recipient:
    """Instructors are addressed as their students and the club know them."""
    return replace(Recipient.of(member), name=member.display_name)


def _can_be_told(member_id: int, club: Club) -> bool:
    return club.mail_fault(club.member(member_id)) is None


def _notice(member: Member, *, period: str, count: int) -> Notice:
    need = "Report needs" if count == 1 else "Reports need"
    return Notice(
        member_id=member.id,
        period=period,
        text=f"{count} overdue Student Progress {need} to be written.",
        url=PATH,
        token=WORDS,
        count=count,
    )


def _passed_over(
    members: Iterable[Member], club: Club, period: str, *, variant: str = ""
) -> Iterator[PassedOver]:
    for member in members:
        if fault := club.mail_fault(member):
            yield PassedOver(Recipient.of(member), period, fault, variant)


def _untold(owed: Owed, copied: Mapping[int, tuple[Debtor, ...]], club: Club) -> Iterator[Untold]:
    """The instructors whom nobody hears about: neither they themselves nor a reader of a copy."""
    known = {
        debtor.instructor.id
        for reader_id, debtors in copied.items()
        for debtor in debtors
        if _can_be_told(reader_id, club)
    }
    for instructor_id, reports in owed.items():
        fault = club.mail_fault(club.member(instructor_id))
        if fault and instructor_id not in known:
            yield Untold(
                f"overdue progress reports: {len(reports)}, the oldest of {reports[0].flown}",
                f"instructor, member {instructor_id}: {fault}",
            )
