"""The decisions about aging logsheets, each as a rule that the present system lacks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, timedelta

from m2s_orchestration.club.club import Club
from m2s_orchestration_tests.acceptance.clubs import Case, KnownClub
from m2s_orchestration_tests.acceptance.decided import Difference
from m2s_orchestration_tests.acceptance.seen import Seen, SeenMail, SeenNotices, first_number

URL = "/logsheet/"
OPEN_SHEETS = """
SELECT log_date, duty_officer_id, assistant_duty_officer_id, created_by_id
FROM logsheet_logsheet WHERE NOT finalized
"""
# The newest first; of two of the same instant the present system keeps the one of the lower id.
OPEN_NOTICES = """
SELECT id, message FROM notifications_notification
WHERE user_id = %s AND NOT dismissed AND url = '/logsheet/' AND message ILIKE %s
ORDER BY created_at DESC, id
"""
NOTICED = "SELECT DISTINCT user_id FROM notifications_notification WHERE NOT dismissed AND url = %s"


@dataclass(frozen=True)
class Rules:
    """Which decisions are in force; with none it is the present system."""

    club_date: bool = False
    inclusive: bool = False
    once: bool = False
    active_only: bool = False
    next_responsible: bool = False
    notice_without_address: bool = False
    dismissal: bool = False


@dataclass(frozen=True)
class Told:
    """The dates that somebody's mail lists (none: no mail), and the count of their notice."""

    mailed: tuple[str, ...] = ()
    noticed: int = 0


@dataclass(frozen=True)
class Sheet:
    """An open logsheet."""

    log_date: date
    officers: tuple[int, ...]
    creator: int


def _sheets(known: KnownClub, case: Case, rules: Rules) -> list[Sheet]:
    """The sheets that are aging by these rules."""
    today = known.club.date(case.moment) if rules.club_date else case.moment.date()
    days = case.values.get("days", 7)
    assert isinstance(days, int)
    newest = today - timedelta(days=days if rules.inclusive else days + 1)
    rows = known.connection.execute(OPEN_SHEETS).fetchall()
    sheets = (
        Sheet(day, tuple(id for id in officers if id is not None), creator)
        for day, *officers, creator in rows
    )
    return [sheet for sheet in sheets if sheet.log_date <= newest]


def _people(sheet: Sheet, club: Club, rules: Rules) -> tuple[int, ...]:
    """Who is responsible for a sheet by these rules, twice where the present system says so."""
    officers = sheet.officers
    if rules.once:
        officers = tuple(dict.fromkeys(officers))
    if rules.next_responsible:
        told = any(club.mail_fault(club.member(id)) is None for id in officers)
        return officers if told else tuple(dict.fromkeys((*officers, sheet.creator)))
    return officers or (sheet.creator,)


def _told(known: KnownClub, case: Case, rules: Rules) -> dict[int, Told]:
    """What each responsible person is told."""
    sheets: dict[int, list[str]] = {}
    for sheet in _sheets(known, case, rules):
        for id in _people(sheet, known.club, rules):
            sheets.setdefault(id, []).append(sheet.log_date.isoformat())
    told = {}
    for id, dates in sheets.items():
        member = known.club.member(id)
        is_meant = known.club.is_active(member) or not rules.active_only
        mailed = tuple(sorted(dates)) if is_meant and member.email.strip() else ()
        is_noticed = is_meant and (mailed or rules.notice_without_address)
        told[id] = Told(mailed, len(dates) if is_noticed else 0)
    return told


def _notices(known: KnownClub, member_id: int, told: Told | None, rules: Rules) -> SeenNotices:
    """What becomes of the notices of one person."""
    rows = known.connection.execute(OPEN_NOTICES, (member_id, "%aging logsheet%")).fetchall()
    counts = [first_number(text) for _, text in rows]
    if told is None:
        return SeenNotices(changed=Counter(counts if rules.dismissal else ()))
    if not told.noticed:
        return SeenNotices()
    if not rows:
        return SeenNotices(created=Counter([(member_id, URL, told.noticed)]))
    return SeenNotices(
        changed=Counter([told.noticed] if counts[0] != told.noticed else ()),
        deleted=Counter(row_id for row_id, _ in rows[1:]),
    )


def _in_force(name: str) -> tuple[Rules, Rules]:
    """The rules without and with this decision, those before it being in force."""
    names = list(Rules.__dataclass_fields__)
    before = dict.fromkeys(names[: names.index(name)], True)
    return Rules(**before), Rules(**before, **{name: True})


def _apply(seen: Seen, known: KnownClub, case: Case, name: str) -> Seen:
    """Replace what is seen of everybody for whom this decision makes a difference."""
    old, new = _in_force(name)
    before, after = _told(known, case, old), _told(known, case, new)
    noticed = {member_id for (member_id,) in known.connection.execute(NOTICED, (URL,))}
    for member_id in sorted({*before, *after, *noticed}):
        mails = seen.mails
        if before.get(member_id, Told()).mailed != after.get(member_id, Told()).mailed:
            mails = mails - _mail(known, member_id, before.get(member_id)) | _mail(
                known, member_id, after.get(member_id)
            )
        notices = (
            seen.notices
            - _notices(known, member_id, before.get(member_id), old)
            + _notices(known, member_id, after.get(member_id), new)
        )
        seen = replace(seen, mails=mails, notices=notices)
    return seen


def _mail(known: KnownClub, member_id: int, told: Told | None) -> frozenset[SeenMail]:
    if told is None or not told.mailed:
        return frozenset()
    return frozenset(
        {
            SeenMail(
                to=(known.club.member(member_id).email,),
                numbers=(len(told.mailed),),
                dates=frozenset(told.mailed),
                links=frozenset({URL}),
            )
        }
    )


def _validate(seen: Seen, known: KnownClub, case: Case) -> Seen:
    days = case.values.get("days", 7)
    return Seen(refused=True) if isinstance(days, int) and days < 1 else seen


def _rule(name: str, title: str, sentence: str) -> Difference:
    return Difference(title, sentence, lambda seen, known, case: _apply(seen, known, case, name))


AGING_LOGSHEETS = (
    Difference(
        "parameters are validated",
        "Parameters are validated; a bad one fails the run before it reads anything.",
        _validate,
    ),
    _rule(
        "club_date",
        "the day is the club's",
        "Age is the club's date less the sheet's, not a date in UTC.",
    ),
    _rule(
        "inclusive",
        "a sheet of exactly seven days is aging",
        "A sheet is aging from `days` days on, seven unless set otherwise, inclusive.",
    ),
    _rule(
        "once",
        "both officers in one person are told once",
        "A person who is both officers is told once per sheet.",
    ),
    _rule(
        "active_only",
        "nobody is told who is not active",
        "Nobody is told whose membership status is not active.",
    ),
    _rule(
        "next_responsible",
        "the creator is told when no officer can be",
        "Responsible are the officers; if neither can be told, the creator.",
    ),
    _rule(
        "notice_without_address",
        "a notice needs no address",
        "In-app notices are written also for those without an address.",
    ),
    _rule(
        "dismissal",
        "a notice without a sheet is dismissed",
        "The in-app row is dismissed when the person has no aging sheet left.",
    ),
)
