"""The statements behind the metrics, on PostgreSQL, and what they cost."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._daemon.types import DaemonHeartbeat
from prometheus_client.core import Metric
from psycopg.conninfo import make_conninfo
from sqlalchemy import event
from sqlalchemy.engine import Engine

from m2s_orchestration.application.commands import COMMANDS
from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration.framework import tags
from m2s_orchestration.monitoring.alert_operators import notification as alert
from m2s_orchestration.monitoring.metrics import exporter as metrics_exporter
from m2s_orchestration.monitoring.metrics import families
from m2s_orchestration.monitoring.metrics.exporter import Exporter, OpenedInstance
from m2s_orchestration.monitoring.metrics.ledger import Past
from m2s_orchestration.monitoring.metrics.tally import Rows, Tally
from m2s_orchestration.monitoring.metrics.watched import Watched
from m2s_orchestration.notifications import NOTIFICATIONS
from m2s_orchestration.postgres import Connection, Database, Statement
from m2s_orchestration_tests.eventually import eventually

AGING = "notify_aging_logsheets"
ROOT = Path(__file__).parents[3]
WATCHED = Watched(NOTIFICATIONS, alert, COMMANDS)

Values = Mapping[tuple[str, tuple[str, ...]], float]


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with database.connect("test") as connection:
        yield connection


@pytest.fixture
def exporter(
    database: Database,
    postgres: EmbeddedPostgres,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Exporter]:
    """On the test's own club, and on the instance of dagster.yaml with a database of its own."""
    (tmp_path / "dagster.yaml").write_text((ROOT / "dagster.yaml").read_text())
    postgres.create_database("dagster_of_metrics")
    monkeypatch.setenv("DAGSTER_PG_URL", postgres.conninfo("dagster_of_metrics"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    instance = OpenedInstance()
    eventually(lambda: instance.is_open, within=60)
    yield Exporter(database, instance, WATCHED)
    instance.close()
    postgres.drop_database("dagster_of_metrics")


def values(metrics: Iterator[Metric]) -> Values:
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for metric in metrics
        for sample in metric.samples
    }


def fill(connection: Connection, *, occurrences: int) -> None:
    """A ledger with a past: each occurrence with two mails, their attempts and a lease."""
    connection.execute(
        """
        INSERT INTO m2s_orchestration.occurrence (notification, tick, state, due_until)
        SELECT %(name)s, timestamptz '2020-01-01 08:00Z' + day * interval '1 day', 'done', now()
        FROM generate_series(1, %(number)s) AS day
        """,
        {"name": AGING, "number": occurrences},
    )
    connection.execute(
        """
        INSERT INTO m2s_orchestration.delivery
            (occurrence_id, notification, period, recipient_key, state, settled_by, settled_reason,
             due_until, sent_at)
        SELECT id, notification, tick::date::text, 'member:' || person, 'sent', 'import', 'test',
               now(), tick + interval '1 minute'
        FROM m2s_orchestration.occurrence, generate_series(1, 2) AS person
        """
    )
    connection.execute(
        """
        INSERT INTO m2s_orchestration.attempt (delivery_id, state, run_id, code)
        SELECT id, 'sent', 'run', 250 FROM m2s_orchestration.delivery
        """
    )


def hold(connection: Connection, *seconds: float) -> None:
    connection.execute(
        """
        INSERT INTO m2s_orchestration.lease_event (notification, event, owner, seconds)
        SELECT %s, 'released', 'test', seconds FROM unnest(%s::double precision[]) AS seconds
        """,
        [AGING, list(seconds)],
    )


def test_a_bucket_holds_what_does_not_exceed_its_bound(
    exporter: Exporter, connection: Connection
) -> None:
    hold(connection, 0.2, 1.0, 1.5, 60.0, 60.1, 4000.0)

    found = values(exporter.collect())

    def bucket(bound: str) -> float:
        return found["m2s_lease_held_seconds_bucket", (AGING, bound)]

    bounds = ("1.0", "2.0", "5.0", "30.0", "60.0", "120.0", "3600.0", "+Inf")
    assert [bucket(bound) for bound in bounds] == [2, 3, 3, 3, 4, 5, 5, 6]
    assert found["m2s_lease_held_seconds_count", (AGING,)] == 6
    assert found["m2s_lease_held_seconds_sum", (AGING,)] == pytest.approx(4122.8)


def test_what_persons_settle_is_no_try_of_a_run(exporter: Exporter, connection: Connection) -> None:
    fill(connection, occurrences=1)
    connection.execute(
        "INSERT INTO m2s_orchestration.attempt (delivery_id, state, owner)"
        " SELECT min(id), 'failed', 'jane' FROM m2s_orchestration.delivery"
    )

    found = values(exporter.collect())

    assert found["m2s_attempts_total", (AGING, "sent")] == 2
    assert found["m2s_attempts_total", (AGING, "failed")] == 0


HAPPENED = """
UPDATE m2s_orchestration.{table}
SET {column} = %s::timestamptz
    - (ARRAY[interval '3 hours', '100 minutes', '59 minutes', '0'])[1 + id %% 4]
"""


@pytest.mark.parametrize(
    ("table", "column", "name"),
    [
        ("delivery", "changed_at", "sent"),
        ("attempt", "at", "attempts"),
        ("lease_event", "at", "lease_events"),
        ("lease_event", "at", "holds"),
    ],
)
def test_who_remembers_counts_like_who_counts_everything(
    connection: Connection, table: str, column: str, name: str
) -> None:
    now = datetime.now(UTC)
    fill(connection, occurrences=8)
    # Of which sums depend on their order, where they are not exact.
    hold(connection, *(number**0.5 / 7 for number in range(64)))
    connection.execute("SET session_replication_role = replica")
    connection.execute(HAPPENED.format(table=table, column=column), (now,))
    past = Past()

    for minutes in (240, 120, 119, 60, 30, 0):
        horizon = now - timedelta(minutes=minutes)
        remembered = getattr(past, name).read(connection, horizon)
        counted = getattr(Past(), name).read(connection, horizon)
        assert sorted(remembered) == sorted(counted)
        assert sum(row[2] for row in remembered) in {16, 64}


def test_a_scrape_beside_another_that_takes_long_says_that_it_read_nothing(
    exporter: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics_exporter, "PATIENCE", timedelta(seconds=0.1))
    with exporter._one_at_a_time:
        found = values(exporter.collect())

    assert found["m2s_up", ("club",)] == found["m2s_up", ("dagster",)] == 0


def test_the_last_success_is_that_of_the_newest_occurrence(
    exporter: Exporter, connection: Connection
) -> None:
    fill(connection, occurrences=3)
    connection.execute(
        "UPDATE m2s_orchestration.occurrence SET decided_at = tick + interval '10 seconds'"
    )

    found = values(exporter.collect())

    newest = connection.execute(
        "SELECT extract(epoch FROM max(tick)) FROM m2s_orchestration.occurrence"
    ).fetchone()
    assert newest
    assert found["m2s_last_success_timestamp_seconds", (AGING,)] == float(newest[0]) + 60


def test_runs_are_counted_as_dagster_has_them(
    exporter: Exporter, postgres: EmbeddedPostgres
) -> None:
    instance = exporter._instance.get()
    for status, told in (
        (dg.DagsterRunStatus.SUCCESS, {tags.OUTCOME: "sent"}),
        (dg.DagsterRunStatus.SUCCESS, {tags.OUTCOME: "busy"}),
        (dg.DagsterRunStatus.FAILURE, {}),
        (dg.DagsterRunStatus.STARTED, {}),
    ):
        instance.add_run(dg.DagsterRun(job_name=AGING, status=status, tags=told))
    instance.add_run(dg.DagsterRun(job_name="no_job_of_ours"))
    with Database(postgres.conninfo("dagster_of_metrics")).connect("test") as connection:
        connection.execute("UPDATE runs SET start_time = 1000, end_time = 1000 + id * 5")

    found = values(exporter.collect())

    assert found["m2s_runs_total", (AGING, "success")] == 2
    assert found["m2s_runs_total", (AGING, "failure")] == 1
    assert found["m2s_runs_total", (AGING, "canceled")] == 0
    for word, count in (("sent", 1), ("busy", 1), ("none", 1), ("incomplete", 0)):
        assert found["m2s_run_outcomes_total", (AGING, word)] == count
    assert found["m2s_runs_under_way", (AGING,)] == 1
    # Of those that ended: 5, 10 and 15 seconds.
    assert found["m2s_run_duration_seconds_bucket", (AGING, "5.0")] == 1
    assert found["m2s_run_duration_seconds_bucket", (AGING, "10.0")] == 2
    assert found["m2s_run_duration_seconds_bucket", (AGING, "30.0")] == 3
    assert found["m2s_run_duration_seconds_sum", (AGING,)] == 30
    assert not [labels for _, labels in found if "no_job_of_ours" in labels]


def test_a_sign_of_life_of_the_daemon_is_told(exporter: Exporter) -> None:
    beat = DaemonHeartbeat(1_790_000_000.0, "SENSOR", "test")
    exporter._instance.get().add_daemon_heartbeat(beat)

    found = values(exporter.collect())

    assert found["m2s_daemon_heartbeat_timestamp_seconds", ("SENSOR",)] == 1_790_000_000
    assert found["m2s_daemon_heartbeat_timestamp_seconds", ("SCHEDULER",)] == 0


@contextmanager
def statements_counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every statement of ours and of Dagster's, as it is asked."""
    asked: list[str] = []
    run, fetch = Statement.run, Statement.fetch

    def counted_run(self: Statement, connection: Connection, **bound: object) -> object:
        asked.append(self.name)
        return run(self, connection, **bound)

    def counted_fetch(self: Statement, *arguments: object, **bound: object) -> object:
        asked.append(self.name)
        return fetch(self, *arguments, **bound)  # type: ignore[arg-type]

    def counted_of_dagster(*arguments: object) -> None:
        asked.append(str(arguments[2]))

    with monkeypatch.context() as patch:
        patch.setattr(Statement, "run", counted_run)
        patch.setattr(Statement, "fetch", counted_fetch)
        event.listen(Engine, "before_cursor_execute", counted_of_dagster)
        try:
            yield asked
        finally:
            event.remove(Engine, "before_cursor_execute", counted_of_dagster)


def test_a_scrape_costs_as_many_statements_whatever_is_there(
    exporter: Exporter, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    values(exporter.collect())
    with statements_counted(monkeypatch) as of_nothing:
        values(exporter.collect())
    fill(connection, occurrences=500)
    instance = exporter._instance.get()
    for _ in range(50):
        instance.add_run(dg.DagsterRun(job_name=AGING, status=dg.DagsterRunStatus.SUCCESS))
    instance.report_runless_asset_event(
        dg.AssetMaterialization(AGING, metadata={"peak_memory_mib": 100.0})
    )
    with statements_counted(monkeypatch) as of_much:
        found = values(exporter.collect())

    assert found["m2s_up", ("dagster",)] == 1
    assert found["m2s_deliveries", (AGING, "sent")] == 1000
    assert found["m2s_runs_total", (AGING, "success")] == 50
    assert found["m2s_run_peak_memory_bytes", (AGING,)] == 100 * 1024**2
    # Half of them are Dagster's own, which looks at its tables' columns each time.
    assert len(of_much) == len(of_nothing) < 35


def test_only_who_counts_everything_may_take_longer_than_a_scrape(
    exporter: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[str] = []
    read = Tally.read

    def watched(self: Tally, connection: Connection, horizon: datetime) -> Rows:
        limits.extend(limit for (limit,) in connection.execute("SHOW statement_timeout"))
        return read(self, connection, horizon)

    monkeypatch.setattr(Tally, "read", watched)
    first = values(exporter.collect())
    second = values(exporter.collect())

    assert limits == ["2min"] * 4 + ["3s"] * 4
    assert first["m2s_up", ("club",)] == second["m2s_up", ("club",)] == 1


def test_a_role_that_may_only_read_is_enough(exporter: Exporter, connection: Connection) -> None:
    """With the rights that the page lists."""
    page = (ROOT / "docs" / "monitoring.md").read_text()
    (grants,) = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    connection.execute("CREATE ROLE m2s_metrics LOGIN PASSWORD 'hush'")
    try:
        connection.execute(grants)
        reader = {"user": "m2s_metrics", "password": "hush"}
        exporter._database = Database(make_conninfo(exporter._database.conninfo, **reader))
        found = values(exporter.collect())
    finally:
        connection.execute("DROP OWNED BY m2s_metrics; DROP ROLE m2s_metrics")

    assert found["m2s_up", ("club",)] == 1


def test_every_word_of_the_ledger_is_a_label_that_is_there_from_the_start(
    connection: Connection,
) -> None:
    said = connection.execute(
        """
        SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE conname IN ('delivery_state', 'occurrence_state', 'lease_event_kind', 'trouble_kind')
        """
    ).fetchall()
    words = {name: set(re.findall(r"'(\w+)'::text", text)) for name, text in said}

    assert words == {
        "delivery_state": set(families.DELIVERY_STATES),
        "occurrence_state": set(families.OCCURRENCE_STATES),
        "lease_event_kind": set(families.LEASE_EVENTS),
        "trouble_kind": set(families.TROUBLES),
    }
