"""The decisions about the report of members who fly and do no duty."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from m2s_orchestration_tests.acceptance.clubs import Case, KnownClub
from m2s_orchestration_tests.acceptance.decided import Difference
from m2s_orchestration_tests.acceptance.seen import Seen, SeenNotices

FLIGHTS = """
SELECT flight.id, sheet.log_date, flight.pilot_id, flight.instructor_id, flight.tow_pilot_id
FROM logsheet_flight AS flight JOIN logsheet_logsheet AS sheet ON sheet.id = flight.logsheet_id
WHERE sheet.finalized
"""
CREWS = """
SELECT log_date, duty_officer_id, assistant_duty_officer_id, duty_instructor_id,
       surge_instructor_id, tow_pilot_id, surge_tow_pilot_id
FROM logsheet_logsheet WHERE finalized
"""
EXPECTED_TO_HELP = """
SELECT id, joined_club FROM members_member
WHERE NOT treasurer AND membership_status <> 'Emeritus Member'
"""


@dataclass(frozen=True)
class Limits:
    """The first day that counts, the day to have joined before, and how many flights it takes."""

    first_day: date
    joined_before: date
    min_flights: int


def _limits(known: KnownClub, case: Case, *, calendar_months: bool) -> Limits:
    today = known.club.date(case.moment)

    def ago(name: str, default: int) -> date:
        months = case.values.get(name, default)
        assert isinstance(months, int)
        if calendar_months:
            return today - relativedelta(months=months)
        return today - timedelta(days=30 * months)

    least = case.values.get("min_flights", 3)
    assert isinstance(least, int)
    return Limits(ago("lookback_months", 12), ago("min_membership_months", 3), least)


def _delinquents(known: KnownClub, limits: Limits) -> dict[int, date]:
    """Who flew and did no duty, with the day of the latest flight."""
    days: dict[int, list[date]] = {}
    on_duty: set[int | None] = set()
    for _, day, pilot, *crew in known.connection.execute(FLIGHTS):
        if day >= limits.first_day:
            days.setdefault(pilot, []).append(day)
            on_duty.update(crew)
    for day, *crew in known.connection.execute(CREWS):
        if day >= limits.first_day:
            on_duty.update(crew)
    return {
        id: max(days[id])
        for id, joined in known.connection.execute(EXPECTED_TO_HELP)
        if len(days.get(id, ())) >= limits.min_flights
        and (joined is None or joined < limits.joined_before)
        and known.club.is_active(known.club.member(id))
        and id not in on_duty
    }


def _calendar_months(seen: Seen, known: KnownClub, case: Case) -> Seen:
    before = _delinquents(known, _limits(known, case, calendar_months=False))
    after = _delinquents(known, _limits(known, case, calendar_months=True))
    if before == after:
        return seen
    mails = frozenset(
        replace(
            mail,
            numbers=(len(after),),
            members=_named(known, after) if mail.members == _named(known, before) else mail.members,
            dates=frozenset(day.isoformat() for day in after.values()),
        )
        for mail in seen.mails
        if after
    )
    created: Counter[tuple[int, str, int | None]] = Counter(
        (id, url, len(after)) for id, url, _ in seen.notices.created.elements() if after
    )
    return replace(seen, mails=mails, notices=SeenNotices(created=created))


def _named(known: KnownClub, delinquents: dict[int, date]) -> frozenset[int]:
    """Whose name is read in a list of these people: also that of anybody of the same name."""
    listed = [known.club.member(id).display_name for id in delinquents]
    everybody = known.club.members.values()
    return frozenset(
        member.id for member in everybody if any(member.display_name in name for name in listed)
    )


def _one_each(seen: Seen, known: KnownClub, case: Case) -> Seen:
    mails = frozenset(replace(mail, to=(address,)) for mail in seen.mails for address in mail.to)
    return replace(seen, mails=mails)


DUTY_DELINQUENTS = (
    Difference(
        "months are calendar months",
        "lookback_months and min_membership_months are real calendar months, not 30 days each.",
        _calendar_months,
    ),
    Difference(
        "one message per manager",
        "One message per recipient, a single address in To.",
        _one_each,
    ),
)
