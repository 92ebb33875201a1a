"""The decisions about open swap requests, each as a rule that the present system lacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, LiteralString

from psycopg.rows import dict_row

from m2s_orchestration.club.swaps import duty_title
from m2s_orchestration_tests.acceptance.clubs import Case, KnownClub
from m2s_orchestration_tests.acceptance.decided import Difference
from m2s_orchestration_tests.acceptance.seen import Seen, SeenMail, dates, named, numbers

EXACT = (14, 7, 3, 1)
MARKS = {
    "DO": "duty_officer",
    "ADO": "assistant_duty_officer",
    "INSTRUCTOR": "instructor",
    "TOW": "towpilot",
}
REQUESTS = "SELECT * FROM duty_roster_dutyswaprequest WHERE status = 'open'"
MEMBERS = "SELECT * FROM members_member WHERE is_active"
OFFERS = "SELECT swap_request_id, offered_by_id, status FROM duty_roster_dutyswapoffer"
SITE = "SELECT id, enable_dynamic_duty_roles FROM siteconfig_siteconfiguration ORDER BY id LIMIT 1"
DEFINITIONS = "SELECT * FROM duty_roster_dutyroledefinition WHERE is_active"
REQUIREMENTS = "SELECT * FROM duty_roster_dutyqualificationrequirement WHERE is_required"
QUALIFICATIONS = "SELECT * FROM duty_roster_memberdutyqualification WHERE is_qualified"

STATEMENTS: tuple[LiteralString, ...] = (
    *(REQUESTS, MEMBERS, OFFERS, SITE),
    *(DEFINITIONS, REQUIREMENTS, QUALIFICATIONS),
)

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Rules:
    """Which decisions are in force; with none it is the present system."""

    whole_text: bool = False
    catch_up: bool = False
    offered: bool = False
    valid_only: bool = False


@dataclass(frozen=True)
class Roster:
    """What the club's tables say, read as they are and looked at in Python."""

    known: KnownClub
    today: date
    tables: Mapping[str, list[dict[str, Any]]]

    def readers(self, request: Row, rules: Rules) -> set[int]:
        """Whom a reminder of a request is for."""
        members = {row["id"]: row for row in self.tables[MEMBERS]}
        active = {id for id in members if self._is_active(id)}
        wanted = {request["requester_id"]}
        wanted |= {id for id in active if members[id]["rostermeister"]}
        if request["request_type"] == "direct" and request["direct_request_to_id"]:
            wanted.add(request["direct_request_to_id"])
        else:
            wanted |= {id for id in active if self._is_eligible(members[id], request)}
        if rules.offered:
            wanted -= {
                offer["offered_by_id"]
                for offer in self.tables[OFFERS]
                if offer["swap_request_id"] == request["id"] and offer["status"] != "withdrawn"
            }
        return wanted & active

    def _is_active(self, member_id: int) -> bool:
        return self.known.club.is_active(self.known.club.member(member_id))

    def _is_eligible(self, member: Row, request: Row) -> bool:
        if request["role"] != "DYNAMIC":
            return bool(member[MARKS[request["role"]]])
        key = request["dynamic_role_key"]
        (site,) = self.tables[SITE]
        defined = [row for row in self.tables[DEFINITIONS] if row["key"] == key]
        if not site["enable_dynamic_duty_roles"] or not defined:
            return _has_mark(member, key)
        required = [
            row
            for row in self.tables[REQUIREMENTS]
            if row["role_definition_id"] == defined[0]["id"]
        ]
        if not required:
            return _has_mark(member, defined[0]["legacy_role_key"] or key)
        return all(self._fulfils(member, row) for row in required)

    def _fulfils(self, member: Row, requirement: Row) -> bool:
        value = requirement["requirement_value"]
        if requirement["requirement_type"] == "legacy_role_flag":
            return bool(member.get(value) is True)
        if requirement["requirement_type"] == "legacy_glider_rating":
            return bool(str(member["glider_rating"]).lower() == value.lower())
        return any(
            row["member_id"] == member["id"]
            and row["qualification_code"] == value
            and (row["expires_on"] is None or row["expires_on"] >= self.today)
            for row in self.tables[QUALIFICATIONS]
        )


def _roster(known: KnownClub, today: date) -> Roster:
    with known.connection.cursor(row_factory=dict_row) as cursor:
        tables = {text: cursor.execute(text).fetchall() for text in STATEMENTS}
    return Roster(known, today, tables)


def _has_mark(member: Row, key: str) -> bool:
    if key == "commercial_pilot":
        return bool(member["glider_rating"] == "commercial")
    return member.get(key) is True


def _mails(known: KnownClub, case: Case, rules: Rules) -> frozenset[SeenMail]:
    today = known.club.date(case.moment)
    roster = _roster(known, today)
    mails = set()
    for request in roster.tables[REQUESTS]:
        left = (request["original_date"] - today).days
        if left in (range(1, 15) if rules.catch_up else EXACT):
            for id in roster.readers(request, rules):
                member = known.club.member(id)
                fault = known.club.mail_fault(member) if rules.valid_only else None
                if member.email and not fault:
                    mails.add(_mail(known, request, left, member.email, rules))
    return frozenset(mails)


def _mail(known: KnownClub, request: Row, left: int, address: str, rules: Rules) -> SeenMail:
    names = {member.id: member.display_name for member in known.club.members.values()}
    title = duty_title(
        known.club,
        request["role"],
        key=request["dynamic_role_key"],
        label=request["dynamic_role_label"],
    )
    day = request["original_date"]
    read = f"{names[request['requester_id']]}\n{request['notes']}" if rules.whole_text else ""
    return SeenMail(
        to=(address,),
        numbers=(left, *numbers(title), day.day),
        members=named(read, names),
        dates=dates(f"{day} {read}"),
        links=frozenset({f"/duty_roster/swap/request/{request['id']}/"}),
    )


def _in_force(name: str) -> tuple[Rules, Rules]:
    """The rules without and with this decision, those before it being in force."""
    names = list(Rules.__dataclass_fields__)
    before = dict.fromkeys(names[: names.index(name)], True)
    return Rules(**before), Rules(**before, **{name: True})


def _apply(seen: Seen, known: KnownClub, case: Case, name: str) -> Seen:
    old, new = _in_force(name)
    before, after = _mails(known, case, old), _mails(known, case, new)
    return replace(seen, mails=seen.mails - (before - after) | (after - before))


def _rule(name: str, title: str, sentence: str) -> Difference:
    return Difference(title, sentence, lambda seen, known, case: _apply(seen, known, case, name))


OPEN_SWAPS = (
    _rule(
        "whole_text",
        "the text part says who asks and why",
        "Both parts carry the same facts: the present text part is the date and the link.",
    ),
    _rule(
        "catch_up",
        "a step that was missed is made up for",
        "A reminder is due when the days left have reached a step that was not yet recorded.",
    ),
    _rule(
        "offered",
        "whoever offered already is not chased",
        "People who already offered are not chased.",
    ),
    _rule(
        "valid_only",
        "no swap reminder goes to what is no address",
        "Nobody is mailed whose address is blank or not a valid one.",
    ),
)
