"""The demo club's day, lived by a disturbed club: one run of each notification, and what came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from m2s_orchestration.demo.day import agenda
from m2s_orchestration.framework import Notification
from m2s_orchestration.framework.request import Request
from m2s_orchestration.framework.run import NotificationRun
from m2s_orchestration.notifications import NOTIFICATIONS
from m2s_orchestration.postgres import Connection
from m2s_orchestration.settings import Settings
from m2s_orchestration_tests.faults.fuzz.club import Cell, FuzzClub
from m2s_orchestration_tests.faults.fuzz.meant import Outcome, Row
from m2s_orchestration_tests.faults.fuzz.values import Setting
from m2s_orchestration_tests.smtp_server import SmtpServer

AGENDA = agenda(NOTIFICATIONS)
NAMES = tuple(notification.name for _, notification in AGENDA)
ENVIRONMENT = {
    "EMAIL_HOST": "127.0.0.1",
    "DEFAULT_FROM_EMAIL": "office@highmeadowsoaring.example",
    "OPERATORS_EMAIL": "operators@highmeadowsoaring.example",
}
# So that every template has its turn.
PARAMETERS: Mapping[str, Mapping[str, object]] = {
    "notify_late_sprs": {
        "escalation_cc": {"NOTICE": ["director"], "FINAL": ["safety_officer", "member_manager"]}
    },
}
DELIVERIES = """
SELECT recipient_key, variant, state, reason, coalesce(address, ''), coalesce(message_id, ''),
       coalesce(subject, ''), coalesce(content, '')
FROM m2s_orchestration.delivery WHERE notification = %s ORDER BY id
"""


@dataclass(frozen=True)
class Example:
    """What is done to the club, and which notifications run then."""

    name: str
    cells: Mapping[Cell, str] = field(default_factory=dict)
    setting: Setting | None = None
    takes_utf8: bool = True
    notifications: tuple[str, ...] = NAMES

    def __str__(self) -> str:
        told = [f"{cell}={value[:40]!r}" for cell, value in list(self.cells.items())[:4]]
        if self.setting:
            told.append(f"{self.setting.name}={self.setting.value[:60]!r}")
        more = f" and {len(self.cells) - 4} more" if len(self.cells) > 4 else ""
        return f"{self.name} ({', '.join(told)}{more})"


def live(club: FuzzClub, example: Example) -> dict[str, Outcome]:
    """Run the example's notifications in the order of the club's day."""
    extensions = ("SIZE 10485760", "8BITMIME", *(["SMTPUTF8"] if example.takes_utf8 else []))
    with SmtpServer(extensions=extensions) as server:
        environment = _environment(club, example, server.port)
        return {
            notification.name: _outcome(club, notification, moment, environment, server)
            for moment, notification in AGENDA
            if notification.name in example.notifications
        }


def _environment(club: FuzzClub, example: Example, port: int) -> dict[str, str]:
    return {
        **ENVIRONMENT,
        "DATABASE_URL": club.database.conninfo,
        "EMAIL_PORT": str(port),
        **(example.setting.variables if example.setting else {}),
    }


def _outcome(
    club: FuzzClub,
    notification: Notification,
    moment: datetime,
    environment: Mapping[str, str],
    server: SmtpServer,
) -> Outcome:
    before = len(server.accepted), len(server.commands)
    try:
        outcome = _run(notification, moment, Settings.from_environment(environment))
    except Exception as error:  # noqa: BLE001 - of whatever kind: to tell which is the point
        outcome = Outcome(refusal=error)
    server.wait_until_idle()
    operators = f"address:{environment['OPERATORS_EMAIL'].strip().casefold()}"
    with club.database.connect("fuzz") as connection:
        rows = tuple(_rows(connection, notification.name, operators))
        leases = connection.execute("SELECT locked_by FROM cronjob_locks").fetchall()
    return replace(
        outcome,
        rows=rows,
        leases=tuple(str(owner) for (owner,) in leases),
        accepted=tuple(server.accepted[before[0] :]),
        verbs=frozenset(line.partition(" ")[0] for line in server.commands[before[1] :]),
    )


def _run(notification: Notification, moment: datetime, settings: Settings) -> Outcome:
    """Query, evaluate, commit, email."""
    request = Request.parse(
        notification,
        {
            "as_of": moment.isoformat(),
            "send_late": True,
            **PARAMETERS.get(notification.name, {}),
        },
        partition=None,
        waits=False,
        now=datetime.now(UTC),
    )
    with closing(NotificationRun(notification, request, settings, run_id="fuzz")) as run:
        run.begin()
        decision = run.evaluation.decision
        run.commit()
        return Outcome(
            word=run.email().outcome,
            untold=tuple(told for item in decision.untold for told in (item.item, item.reason)),
            tables=tuple(artifact.content for artifact in decision.artifacts),
        )


def _rows(connection: Connection, notification: str, operators: str) -> Iterator[Row]:
    found: Sequence[tuple[str, ...]] = connection.execute(DELIVERIES, (notification,)).fetchall()
    for key, variant, *rest in found:
        reader = key
        if key.startswith("address:"):
            reader = "operators" if key == operators else "list"
        yield Row(reader, variant.partition("dev:")[0].strip(), *rest)  # type: ignore[arg-type]
