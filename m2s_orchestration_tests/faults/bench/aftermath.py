"""What is left when all is over, by three witnesses: the mail server, the ledger and the club."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from m2s_orchestration.postgres import Connection
from m2s_orchestration_tests.faults.bench.bench import Site

# Of these the ledger says that the mail server does not have them.
NOT_OUT = frozenset({"planned", "retry", "failed", "skipped", "expired"})

TABLES = """
SELECT table_name FROM information_schema.tables
WHERE table_schema = 'public' AND table_name <> 'cronjob_locks' ORDER BY table_name
"""
NOTICES = """
SELECT user_id, message, url, read, dismissed FROM notifications_notification ORDER BY 1, 2, 3, 4, 5
"""


@dataclass(frozen=True)
class Aftermath:
    """`received` counts the copies of each Message-ID; `states` are the ledger's, by Message-ID."""

    received: Counter[str]
    readers: Mapping[str, str]
    states: Mapping[str, str]
    occurrences: tuple[str, ...]
    leases: tuple[str, ...]
    club: Mapping[str, int]
    notices: tuple[tuple[object, ...], ...]


@dataclass(frozen=True)
class Verdict:
    """What is wrong, as sentences; how many were told twice, never, or perhaps."""

    duplicates: int = 0
    losses: int = 0
    unknowns: int = 0
    violations: tuple[str, ...] = field(default=())


def look(site: Site) -> Aftermath:
    """Read all three witnesses, once nobody talks to the mail server any more."""
    site.server.wait_until_idle()
    accepted = site.server.accepted
    with site.database.connect("laboratory") as connection:
        return Aftermath(
            received=Counter(mail.header("Message-ID") for mail in accepted),
            readers={mail.header("Message-ID"): mail.recipient for mail in accepted},
            states=dict(
                connection.execute(
                    "SELECT message_id, state FROM m2s_orchestration.delivery"
                    " WHERE message_id IS NOT NULL"
                ).fetchall()
            ),
            occurrences=_column(connection, "SELECT state FROM m2s_orchestration.occurrence"),
            leases=_column(connection, "SELECT locked_by FROM cronjob_locks"),
            club=_club(connection),
            notices=tuple(connection.execute(NOTICES).fetchall()),
        )


def judge(found: Aftermath, *, undisturbed: Aftermath) -> Verdict:
    """Hold what was found against what an undisturbed run leaves behind."""
    twice = [mail for mail, copies in found.received.items() if copies > 1]
    in_doubt = [mail for mail, state in found.states.items() if state == "unknown"]
    meant = undisturbed.received.keys() | found.states.keys()
    lost = [mail for mail in meant if mail not in found.received and mail not in in_doubt]
    return Verdict(
        duplicates=len(twice),
        losses=len(lost),
        unknowns=len(in_doubt),
        violations=(
            *(f"told twice: {found.readers[mail]}" for mail in twice),
            *(f"not told: {undisturbed.readers.get(mail, mail)}" for mail in lost),
            *_lies(found),
            *_left_over(found),
            *_differences(found, undisturbed),
        ),
    )


def _lies(found: Aftermath) -> list[str]:
    return [
        f"the ledger has {mail} as {state} and the mail server took {found.received[mail]} of it"
        for mail, state in found.states.items()
        if (state == "sent") > (mail in found.received)
        or (state in NOT_OUT and mail in found.received)
    ]


def _left_over(found: Aftermath) -> list[str]:
    stuck = [mail for mail, state in found.states.items() if state in {"sending", "planned"}]
    return [
        *(f"{mail} is left as {found.states[mail]}" for mail in stuck),
        *(f"the lease is left with {owner}" for owner in found.leases),
        *(f"an occurrence is left {state}" for state in found.occurrences if state != "done"),
    ]


def _differences(found: Aftermath, undisturbed: Aftermath) -> list[str]:
    wrong = [
        f"{table} has {found.club[table]} rows and not {count}"
        for table, count in undisturbed.club.items()
        if found.club[table] != count
    ]
    if found.notices != undisturbed.notices:
        wrong.append("the in-app notices differ")
    return wrong


def _club(connection: Connection) -> dict[str, int]:
    tables = _column(connection, TABLES)
    counted = " UNION ALL ".join(f"SELECT '{table}', count(*) FROM {table}" for table in tables)
    return dict(connection.execute(counted).fetchall())


def _column(connection: Connection, statement: str) -> tuple[str, ...]:
    return tuple(str(value) for (value,) in connection.execute(statement).fetchall())
