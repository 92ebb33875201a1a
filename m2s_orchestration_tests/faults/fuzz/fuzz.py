"""Whatever a club's rows and settings hold: from the query to the mail server and back.

Cells of a demo club and its settings get values that broke other programs, and such as hypothesis
makes up. Then every notification runs, over a real database and a real mail server, and what
arrived is read by programs that did not write it. Nothing is in a mail but what was meant, all that
was meant is there, for whom it was meant; and who cannot be told is named.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from urllib.parse import urlsplit

import psycopg

from m2s_orchestration.delivery.migrate import migrate
from m2s_orchestration.demo.club import load_demo_club, load_tables
from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration.errors import OrchestrationError
from m2s_orchestration.postgres import Database
from m2s_orchestration_tests.faults.bench.bench import Bench
from m2s_orchestration_tests.faults.findings import Findings
from m2s_orchestration_tests.faults.fuzz.club import Cell, FuzzClub
from m2s_orchestration_tests.faults.fuzz.examples import made_up, written_down
from m2s_orchestration_tests.faults.fuzz.meant import Disturbance, Known, Outcome
from m2s_orchestration_tests.faults.fuzz.oracle import judge
from m2s_orchestration_tests.faults.fuzz.reader import Letter, read_letter
from m2s_orchestration_tests.faults.fuzz.runs import Example, live
from m2s_orchestration_tests.faults.fuzz.values import DEV_MODE, Setting

NAME = "fuzz"
DATABASE = "laboratory_fuzz"
HOSTS = frozenset({"www.highmeadowsoaring.example", "highmeadowsoaring.example"})
TWICE = 7  # every so many examples are run once more, to compare the bytes
MADE_UP = {False: 6, True: 100}
ALWAYS = 20260301


@dataclass(frozen=True)
class Tried:
    """One example: what did not hold, and its runs in figures (the mails would fill the memory)."""

    example: Example
    faults: tuple[str, ...]
    figures: Counter[str]


class Laboratory:
    """A club to disturb, and what is known of it undisturbed."""

    def __init__(self, database: Database) -> None:
        self.club = FuzzClub(database)
        emails = [cell for cell in self.club.mark_of if cell.is_address]
        spoken = live(self.club, Example("undisturbed"))
        self.club.restore()
        self.club.write(dict.fromkeys(emails, ""))
        nobody = Setting("MEMBERS_MAILING_LIST", "a@b")
        mute = live(self.club, Example("nobody has an address", setting=nobody))
        self.known = {name: _known(name, spoken[name], mute[name]) for name in spoken}
        told = {key for known in self.known.values() for key, _ in known.letters}
        self.readers = [cell for cell in emails if f"member:{cell.row}" in told]

    def attempt(self, example: Example, *, twice: bool = False) -> Tried:
        """Do it to the club, run, and judge."""
        shown, outcomes = self._lived(example)
        disturbance = self._disturbance(example, shown)
        faults = [
            f"{name}: {fault}"
            for name, outcome in outcomes.items()
            for fault in _judged(outcome, self.known[name], example, disturbance)
        ]
        if twice:
            _, again = self._lived(example)
            faults.extend(_differences(outcomes, again))
        return Tried(example, tuple(faults), _figures(outcomes.values()))

    def _lived(self, example: Example) -> tuple[Mapping[Cell, str], dict[str, Outcome]]:
        self.club.restore()
        shown = self.club.write(example.cells)
        if example.setting:
            for column, value in example.setting.of_the_site.items():
                self.club.set(column, value)
        return shown, live(self.club, example)

    def _disturbance(self, example: Example, shown: Mapping[Cell, str]) -> Disturbance:
        setting = example.setting
        is_diverted = bool(setting and setting.name == DEV_MODE)
        return Disturbance(
            shown=shown,
            marks=self.club.marks,
            addresses={
                f"member:{cell.row}": example.cells.get(cell, mark)
                for mark, cell in self.club.marks.items()
                if cell.is_address
            },
            hosts=HOSTS | (_hosts(setting.value) if setting else frozenset()),
            takes_utf8=example.takes_utf8,
            has_logo=bool(setting and setting.of_the_site.get("club_logo")),
            is_of_a_setting=setting is not None,
            diverted_to=setting.value.strip() if setting and is_diverted else None,
        )


def explore(bench: Bench, *, full: bool) -> Findings:
    """Try what is written down, and what hypothesis makes up; in full, something new every time."""
    started = time.monotonic()
    number = int(time.time()) if full else ALWAYS
    with club_database(bench.postgres, DATABASE) as database:
        laboratory = Laboratory(database)
        examples = chain(
            written_down(laboratory.club, laboratory.readers, full=full),
            made_up(laboratory.club, laboratory.readers, MADE_UP[full], number),
        )
        tried = [
            laboratory.attempt(example, twice=count % TWICE == 0)
            for count, example in enumerate(examples)
        ]
    return _findings(tried, number, time.monotonic() - started)


@contextmanager
def club_database(postgres: EmbeddedPostgres, name: str) -> Iterator[Database]:
    """A database with the demo club and a ledger, for as long as it is wanted."""
    postgres.drop_database(name)
    postgres.create_database(name)
    try:
        with psycopg.connect(postgres.conninfo(name)) as connection:
            load_tables(connection)
            load_demo_club(connection)
        database = Database(postgres.conninfo(name))
        migrate(database)
        yield database
    finally:
        postgres.drop_database(name)


def _known(name: str, spoken: Outcome, mute: Outcome) -> Known:
    """What a notification sends when nothing is wrong, and when nobody can be mailed."""
    letters = dict(_letters(spoken))
    everything = [*letters.values(), *dict(_letters(mute)).values()]
    links = [urlsplit(link) for letter in everything for link in letter.page.links]
    return Known(
        letters=letters,
        is_shared_out=name in {"notify_aging_logsheets", "notify_late_sprs"},
        others=frozenset((row.reader, row.variant) for row in (*spoken.rows, *mute.rows)),
        # A line end in what somebody wrote is a line end to its reader.
        elements=frozenset({"br", *chain(*(letter.page.elements for letter in everything))}),
        attributes=frozenset().union(*(letter.page.attributes for letter in everything)),
        styles=frozenset(style for letter in everything for style in letter.page.styles),
        paths=frozenset({"", *(link.path for link in links)}),
    )


def _letters(outcome: Outcome) -> Iterator[tuple[tuple[str, str], Letter]]:
    content = {mail.header("Message-ID"): mail.content for mail in outcome.accepted}
    for row in outcome.rows:
        if row.message_id in content:
            yield (row.reader, row.variant), read_letter(content[row.message_id])


def _hosts(value: str) -> frozenset[str]:
    """What in a setting could be a host."""
    return frozenset(found.casefold() for found in re.findall(r"[\w.-]+", value))


def _judged(
    outcome: Outcome, known: Known, example: Example, disturbance: Disturbance
) -> Iterator[str]:
    if outcome.leases:
        yield f"the lease is left with {outcome.leases}"
    if outcome.refusal is None:
        if example.setting and example.setting.fate == "refused":
            yield f"{example.setting.name}={example.setting.value[:60]!r} is not refused"
        yield from judge(outcome, known, disturbance)
    else:
        yield from _about_the_refusal(outcome, outcome.refusal, example)


def _about_the_refusal(outcome: Outcome, refusal: BaseException, example: Example) -> Iterator[str]:
    told = f"{type(refusal).__name__}: {refusal}"[:300]
    setting = example.setting
    if not isinstance(refusal, OrchestrationError):
        yield f"it ends with {told}"
    elif setting is None or setting.fate == "used":
        yield f"it is refused: {told}"
    elif setting.name not in str(refusal):
        yield f"it is refused without {setting.name} being named: {told}"
    if outcome.rows or outcome.accepted:
        yield f"it is refused after something was recorded or sent: {told}"


def _differences(first: Mapping[str, Outcome], again: Mapping[str, Outcome]) -> Iterator[str]:
    """The same club gives the same bytes, but for the date."""
    for name in first:
        if _undated(first[name]) != _undated(again[name]):
            yield f"{name}: the same club gave other bytes at its second run"


def _undated(outcome: Outcome) -> Counter[bytes]:
    return Counter(
        re.sub(rb"(?m)^Date: .*\r\n", b"", mail.content, count=1) for mail in outcome.accepted
    )


def _findings(tried: list[Tried], number: int, seconds: float) -> Findings:
    violations = [f"{item.example}: {fault}" for item in tried for fault in item.faults]
    total = sum((item.figures for item in tried), Counter[str]())
    remark = (
        f"{len(tried)} clubs, {total['mails']} mails read back, {total['skipped']} readers skipped"
        f" with a reason, {total['refused']} runs refused; seed {number}"
    )
    return Findings(
        experiment=NAME,
        faults=total["runs"],
        runs=total["runs"],
        duplicates=total["duplicates"],
        losses=sum("lost: " in told for told in violations),
        unknowns=total["unknown"],
        violations=tuple(violations),
        remarks=(remark,),
        seconds=seconds,
    )


def _figures(outcomes: Iterable[Outcome]) -> Counter[str]:
    """How many runs, mails, copies of one mail, refusals, and rows of each state."""
    figures: Counter[str] = Counter()
    for outcome in outcomes:
        identities = [mail.header("Message-ID") for mail in outcome.accepted]
        figures.update(row.state for row in outcome.rows)
        figures["runs"] += 1
        figures["mails"] += len(identities)
        figures["duplicates"] += len(identities) - len(set(identities))
        figures["refused"] += outcome.refusal is not None
    return figures
