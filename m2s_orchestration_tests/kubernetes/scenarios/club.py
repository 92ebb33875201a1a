"""A club of the laboratory: its database, its mail server, and what both say of a notification."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from m2s_orchestration.delivery.migrate import migrate
from m2s_orchestration.demo.club import load_demo_club, load_tables
from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration.framework.occurrence import parse_moment
from m2s_orchestration.postgres import Database
from m2s_orchestration_tests.smtp_server import SmtpServer

DELIVERIES = """
SELECT delivery.state, delivery.message_id
FROM m2s_orchestration.delivery
JOIN m2s_orchestration.occurrence ON occurrence.id = delivery.occurrence_id
WHERE occurrence.notification = %s AND delivery.address IS NOT NULL
  AND (occurrence.tick = %s OR %s)
"""
ADDRESSED = """
SELECT period, lower(address), message_id FROM m2s_orchestration.delivery
WHERE notification = %s AND address IS NOT NULL
"""


@dataclass(frozen=True)
class Told:
    """What became of one occurrence's mail: by the ledger, and by the server that got it."""

    states: dict[str, int]
    mails: int
    faults: tuple[str, ...]

    @property
    def in_words(self) -> str:
        """The states, such as `2 sent, 1 unknown`."""
        return ", ".join(f"{count} {state}" for state, count in sorted(self.states.items()))


class Club:
    """The demo club in a database of its own, and the mail server that takes its mail."""

    def __init__(self, postgres: EmbeddedPostgres, name: str, witness: SmtpServer) -> None:
        self.witness = witness
        postgres.create_database(name)
        with psycopg.connect(postgres.conninfo(name)) as connection:
            load_tables(connection)
            load_demo_club(connection)
        self.database = Database(postgres.conninfo(name))
        migrate(self.database)

    @property
    def environment(self) -> dict[str, str]:
        """The club's secret. Over one connection, mails go out one after the other."""
        return {
            "DATABASE_URL": self.database.conninfo,
            "EMAIL_HOST": self.witness.host,
            "EMAIL_PORT": str(self.witness.port),
            "EMAIL_CONNECTIONS": "1",
            "DEFAULT_FROM_EMAIL": "office@highmeadowsoaring.example",
            "OPERATORS_EMAIL": "operators@highmeadowsoaring.example",
        }

    def told(self, notification: str, as_of: str | None = None) -> Told:
        """What became of the mail of one occurrence, or all; a fault is a sentence."""
        tick = parse_moment(as_of) if as_of else None
        rows = self.ask(DELIVERIES, notification, tick, tick is None)
        arrived = Counter(mail.header("Message-ID") for mail in self.witness.accepted)
        faults = []
        for state, message_id in rows:
            lawful = {"sent": {1}, "unknown": {0, 1}}.get(state, {0})
            if arrived[message_id] not in lawful:
                faults.append(f"{message_id} is {state} and arrived {arrived[message_id]} times")
        states = Counter(state for state, _ in rows)
        mails = sum(arrived[message_id] for _, message_id in rows)
        return Told(states=dict(states), mails=mails, faults=tuple(faults))

    def periods(self, notification: str) -> int:
        """How many periods anybody was told of."""
        return len({period for period, *_ in self.ask(ADDRESSED, notification)})

    def mails_to_each(self, notification: str) -> set[int]:
        """How many mails each got of each period: the numbers that there are."""
        arrived = Counter(mail.header("Message-ID") for mail in self.witness.accepted)
        found: Counter[tuple[str, str]] = Counter()
        for period, address, message_id in self.ask(ADDRESSED, notification):
            found[period, address] += arrived[message_id]
        return set(found.values())

    def strangers(self) -> int:
        """How many mails arrived that no delivery of the ledger knows."""
        known = {row[0] for row in self.ask("SELECT message_id FROM m2s_orchestration.delivery")}
        arrived = [mail.header("Message-ID") for mail in self.witness.accepted]
        return sum(message_id not in known for message_id in arrived)

    def holder(self, notification: str) -> str | None:
        """Who holds the lease, however long it still lasts."""
        rows = self.ask("SELECT locked_by FROM cronjob_locks WHERE job_name = %s", notification)
        return rows[0][0] if rows else None

    def leases(self) -> int:
        """How many notifications are held by anybody."""
        return len(self.ask("SELECT 1 FROM cronjob_locks"))

    def in_hand(self) -> int:
        """How many mails are being sent, by the ledger."""
        return len(self.ask("SELECT 1 FROM m2s_orchestration.delivery WHERE state = 'sending'"))

    def lease_events(self, notification: str) -> list[str]:
        """What happened to the lease, a word for each event."""
        statement = "SELECT event FROM m2s_orchestration.lease_event WHERE notification = %s"
        return [row[0] for row in self.ask(f"{statement} ORDER BY id", notification)]

    def ask(self, statement: str, *values: object) -> list[tuple[str, ...]]:
        """Rows of the club's database."""
        with self.database.connect("laboratory") as connection:
            return connection.execute(statement.encode(), values).fetchall()

    def do(self, statement: str, *values: object) -> None:
        """Change the club's database."""
        with self.database.connect("laboratory") as connection:
            connection.execute(statement.encode(), values)


@contextmanager
def open_club(postgres: EmbeddedPostgres, name: str) -> Iterator[Club]:
    """A club whose mail server runs while the context lasts."""
    with SmtpServer() as witness:
        yield Club(postgres, name, witness)
