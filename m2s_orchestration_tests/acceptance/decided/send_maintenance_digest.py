"""The decisions about the digest of open maintenance issues."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from m2s_orchestration_tests.acceptance.clubs import Case, KnownClub
from m2s_orchestration_tests.acceptance.decided import Difference
from m2s_orchestration_tests.acceptance.seen import Seen, SeenMail

ISSUES = """
SELECT glider_id, towplane_id, grounded, report_date
FROM logsheet_maintenanceissue WHERE NOT resolved
"""
MEISTERS = "SELECT member_id FROM logsheet_aircraftmeister WHERE glider_id = %s OR towplane_id = %s"
# The glider and the towplane; of one aircraft, one of them; of none, neither.
Aircraft = tuple[int | None, int | None]


def _one_each(seen: Seen, known: KnownClub, case: Case) -> Seen:
    mails = frozenset(replace(mail, to=(address,)) for mail in seen.mails for address in mail.to)
    return replace(seen, mails=mails)


def _right_link(seen: Seen, known: KnownClub, case: Case) -> Seen:
    page = frozenset({"/logsheet/maintenance/"})
    return replace(seen, mails=frozenset(replace(mail, links=page) for mail in seen.mails))


def _mailable(known: KnownClub, aircraft: Aircraft) -> set[str]:
    """The addresses of an aircraft's meisters who can be mailed."""
    found = (known.club.member(id) for (id,) in known.connection.execute(MEISTERS, aircraft))
    return {member.email for member in found if known.club.mail_fault(member) is None}


def _meisters_of_both(seen: Seen, known: KnownClub, case: Case) -> Seen:
    issues = known.connection.execute(ISSUES).fetchall()
    both = {(glider, towplane) for glider, towplane, *_ in issues if glider and towplane}
    addresses = {address for aircraft in both for address in _mailable(known, aircraft)}
    like = next(iter(seen.mails))
    added = (replace(like, to=(address,)) for address in addresses)
    return replace(seen, mails=seen.mails.union(added))


def _grounded(known: KnownClub) -> Iterator[tuple[Aircraft, date]]:
    """Every aircraft that is grounded, with the report's date."""
    for glider, towplane, grounded, day in known.connection.execute(ISSUES).fetchall():
        if grounded:
            yield from (((glider, None), day),) if glider else ()
            yield from (((None, towplane), day),) if towplane else ()
            yield from (((None, None), day),) if not glider and not towplane else ()


def _operators(seen: Seen, known: KnownClub, case: Case) -> Seen:
    since: dict[Aircraft, date] = {}
    for aircraft, day in _grounded(known):
        if not _mailable(known, aircraft):
            since[aircraft] = min(day, since.get(aircraft, day))
    if not since:
        return seen
    alert = SeenMail(
        to=(str(known.club.operators),),
        numbers=(len(since),),
        dates=frozenset(day.isoformat() for day in since.values()),
        links=frozenset({"/members/"}),
    )
    return replace(seen, mails=seen.mails | {alert})


MAINTENANCE_DIGEST = (
    Difference(
        "one message per meister",
        "One message per recipient, a single address in To.",
        _one_each,
    ),
    Difference(
        "the link leads to the maintenance page",
        "The link is /logsheet/maintenance/, where the page is.",
        _right_link,
    ),
    Difference(
        "an issue of two aircraft reaches the meisters of both",
        "An issue with both a glider and a towplane reaches the meisters of both.",
        _meisters_of_both,
    ),
    Difference(
        "the operators hear of a grounded aircraft without a meister",
        "Grounded aircraft without a meister who can be mailed go to the operators' alert.",
        _operators,
    ),
)
