"""Who receives the report of members who fly and do no duty, and what is in it."""

from __future__ import annotations

from datetime import date, timedelta

from pydantic import Field

from m2s_orchestration import framework
from m2s_orchestration.errors import NobodyToTell
from m2s_orchestration.framework import (
    Artifact,
    Club,
    Decision,
    Member,
    Message,
    Notice,
    Occurrence,
    PassedOver,
    Recipient,
)
from m2s_orchestration.notifications.report_duty_delinquents.report import (
    Entry,
    Report,
    as_csv,
    membership,
)
from m2s_orchestration.notifications.report_duty_delinquents.rows import Delinquent, Rows

EVENING = timedelta(hours=6)
DETAIL_PATH = "/duty_roster/duty-delinquents/detail/"


class Parameters(framework.Parameters):
    """What a person may set for a run."""

    lookback_months: int = Field(
        default=12,
        ge=1,
        le=1200,
        description="How many calendar months of flying and duty are looked at.",
    )
    min_flights: int = Field(
        default=3,
        ge=1,
        le=1_000_000,
        description="From this many flights in those months on, somebody is expected to do duty.",
    )
    min_membership_months: int = Field(
        default=3,
        ge=0,
        le=1200,
        description="Who joined this many calendar months ago or later is left out.",
    )
    exempt_statuses: list[str] = Field(
        default=["Emeritus Member"],
        description="Membership statuses whose holders are expected to do no duty.",
    )


def evaluate(rows: Rows, occurrence: Occurrence, club: Club, parameters: Parameters) -> Decision:
    """The report to each member manager, or to the operators. Raises NobodyToTell."""
    found = {
        "delinquents": len(rows.delinquents),
        "member_managers": len(rows.member_managers),
    }
    if not rows.delinquents:
        return Decision(found=found)
    managers = [club.member(row.member_id) for row in rows.member_managers]
    faults = {member.id: club.mail_fault(member) for member in managers}
    recipients = [Recipient.of(member) for member in managers if faults[member.id] is None]
    report = _report(rows, occurrence, club, parameters, instead=not recipients)
    return Decision(
        messages=tuple(
            Message(recipient=recipient, period=report.period, facts=report)
            for recipient in recipients or [_operators(club, report)]
        ),
        notices=tuple(_notice(member, report) for member in managers if club.is_active(member)),
        passed_over=tuple(
            PassedOver(recipient=Recipient.of(member), period=report.period, reason=fault)
            for member in managers
            if (fault := faults[member.id])
        ),
        artifacts=(_csv_file(report),),
        found=found,
    )


def _report(
    rows: Rows, occurrence: Occurrence, club: Club, parameters: Parameters, *, instead: bool
) -> Report:
    today = occurrence.club_date(club.zone)
    ordered = sorted(
        rows.delinquents, key=lambda row: (-row.flights, club.member(row.member_id).sort_name)
    )
    return Report(
        month=_month(occurrence, club),
        entries=tuple(_entry(row, club.member(row.member_id), today) for row in ordered),
        lookback_months=parameters.lookback_months,
        min_flights=parameters.min_flights,
        min_membership_months=parameters.min_membership_months,
        exempt_statuses=tuple(parameters.exempt_statuses),
        instead=instead,
    )


def period_of(occurrence: Occurrence, club: Club) -> str:
    """The month that the report is called after, as `YYYY-MM`."""
    return f"{_month(occurrence, club):%Y-%m}"


def _month(occurrence: Occurrence, club: Club) -> date:
    """The first day of the month that the report is called after.

    07:00 UTC on the 1st is still the evening before in Los Angeles, and yet it is the report of the
    month that begins: an evening counts as the day after it.
    """
    return club.date(occurrence.moment + EVENING).replace(day=1)


def _entry(row: Delinquent, member: Member, today: date) -> Entry:
    return Entry(
        name=member.display_name,
        email=member.email.strip(),
        status=member.membership_status or "",
        joined=row.joined_club,
        membership=membership(row.joined_club, today),
        flights=row.flights,
        latest_flight=row.latest_flight,
    )


def _operators(club: Club, report: Report) -> Recipient:
    if club.operators is None:
        raise NobodyToTell(
            f"The duty report lists {len(report.entries)} members and no member manager can be"
            " mailed: set OPERATORS_EMAIL, or make an active member with a valid address member"
            " manager."
        )
    return Recipient.at(club.operators, name="operators")


def _csv_file(report: Report) -> Artifact:
    return Artifact(
        name=f"duty-delinquents-{report.period}.csv",
        content=as_csv(report.entries),
        media_type="text/csv",
    )


def _notice(member: Member, report: Report) -> Notice:
    count = len(report.entries)
    who = "member flies and does" if count == 1 else "members fly and do"
    return Notice(
        member_id=member.id,
        period=report.period,
        text=f"{count} {who} no duty: the report for {report.month:%B} is here.",
        url=DETAIL_PATH,
    )
