"""What is told at each scrape, whichever of the two databases can be read."""

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import dagster as dg
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from sqlalchemy.engine import make_url

from m2s_orchestration.delivery.migrate import require_migrated
from m2s_orchestration.errors import BadSettings, DatabaseFault, OrchestrationError
from m2s_orchestration.framework.execution import open_instance
from m2s_orchestration.monitoring.metrics import families
from m2s_orchestration.monitoring.metrics.families import Sample, written
from m2s_orchestration.monitoring.metrics.ledger import Ledger, Past
from m2s_orchestration.monitoring.metrics.runs import Runs
from m2s_orchestration.monitoring.metrics.watched import Watched
from m2s_orchestration.postgres import Database, first_line, translated

Answer = TypeVar("Answer")

# Prometheus waits for ten seconds, if nobody told it otherwise, and both databases may be away.
PATIENCE = timedelta(seconds=3)
OPENED_WITHIN = 10.0
OPENED_AGAIN_AFTER = 5.0


class OpenedInstance:
    """Dagster's instance, opened in the background: where its database is away that takes long."""

    def __init__(self) -> None:
        self._instance: dg.DagsterInstance | None = None
        self._fault: OrchestrationError = DatabaseFault("Dagster's instance is being opened.")
        self._tried = threading.Event()
        self._closing = threading.Event()
        threading.Thread(target=self._open, daemon=True).start()

    def wait(self) -> None:
        """Give it the time that it takes where all is well."""
        self._tried.wait(OPENED_WITHIN)

    def close(self) -> None:
        """Let the instance go."""
        self._closing.set()

    @property
    def is_open(self) -> bool:
        """Whether it could be opened."""
        return self._instance is not None

    def get(self) -> dg.DagsterInstance:
        """The instance. Raises why it could not be opened yet."""
        if self._instance is None:
            raise self._fault
        return self._instance

    def _open(self) -> None:
        while not self._closing.is_set():
            try:
                with open_instance() as instance:
                    instance.optimize_for_webserver(
                        statement_timeout=int(PATIENCE.total_seconds() * 1000),
                        pool_recycle=60,
                        max_overflow=1,
                    )
                    self._instance = instance
                    self._tried.set()
                    self._closing.wait()
            except BadSettings as fault:
                self._fault = fault
                self._tried.set()
                self._closing.wait(OPENED_AGAIN_AFTER)


class Exporter(Collector):
    """Looks up at each scrape what is not settled; one scrape at a time asks the databases."""

    def __init__(self, database: Database, instance: OpenedInstance, watched: Watched) -> None:
        self._database = database
        self._instance = instance
        self._watched = watched
        self._past = Past()
        self._one_at_a_time = threading.Lock()
        self._told: dict[str, str] = {}

    def describe(self) -> Iterable[Metric]:
        """The families without a sample, so that registering looks nothing up."""
        return written(())

    def collect(self) -> Iterator[Metric]:
        """Every family; called by the registry at each scrape.

        A scrape that finds another at work, such as the first, which counts everything, waits for
        it as long as for a database, and tells that nothing could be read.
        """
        ledger, runs = None, None
        if self._one_at_a_time.acquire(timeout=PATIENCE.total_seconds()):
            try:
                runs = self._asked("dagster", self._read_runs)
                ledger = self._asked("club", self._read_ledger)
            finally:
                self._one_at_a_time.release()
        yield from written(self._samples(ledger, runs, datetime.now(UTC)))

    def _samples(self, ledger: Ledger | None, runs: Runs | None, now: datetime) -> Iterator[Sample]:
        watched = self._watched
        for name, found in (("club", ledger), ("dagster", runs)):
            yield Sample(families.UP, (name,), float(found is not None))
        yield from watched.declared()
        if ledger:
            yield from ledger.samples(watched.mailers, watched.leases, watched.jobs)
        if runs:
            yield from runs.samples(watched.mailers, watched.jobs)
            yield from watched.schedules(runs.on_since, now)
        if ledger and runs:
            yield from watched.late(runs.on_since, ledger.moved, ledger.closed(), now)

    def _asked(self, database: str, read: Callable[[], Answer]) -> Answer | None:
        """What a database says; None, and a line on the console when that is new, if it is away."""
        try:
            found, fault = read(), ""
        except OrchestrationError as error:
            found, fault = None, str(error)
        if fault != self._told.get(database, ""):
            self._told[database] = fault
            told = fault or "It can be read again."
            sys.stderr.write(f"m2s: figures of the database `{database}`: {told}\n")
        return found

    def _read_ledger(self) -> Ledger:
        with self._database.connect("metrics", patience=PATIENCE) as connection, translated():
            require_migrated(connection)
            return Ledger.read(
                connection,
                self._past,
                mailers=self._watched.mailers,
                leases=self._watched.leases,
            )

    def _read_runs(self) -> Runs:
        instance = self._instance.get()
        database = Database(conninfo_of(instance))
        try:
            with closing(database.open("metrics", patience=PATIENCE)) as connection:
                return Runs.read(
                    connection, instance, jobs=self._watched.jobs, assets=self._watched.mailers
                )
        except Exception as error:
            # Ours, Dagster's and SQLAlchemy's: all of them mean this.
            raise DatabaseFault(
                f"Dagster's own database cannot be read: {first_line(error)}. Check DAGSTER_PG_URL,"
                " or dagster.yaml, and that the server is up."
            ) from error


def conninfo_of(instance: dg.DagsterInstance) -> str:
    """Where Dagster's PostgreSQL is, for libpq. Raises BadSettings if it has another storage."""
    # A storage that is configured as one has the parts of it wrapped.
    storage = getattr(instance.run_storage, "_storage", instance.run_storage)
    url = getattr(storage, "postgres_url", "")
    if not url:
        raise BadSettings(
            f"Dagster keeps its runs in {type(storage).__name__}: figures of runs need its storage"
            " in PostgreSQL, by DAGSTER_HOME with its dagster.yaml, and DAGSTER_PG_URL."
        )
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def registry_of(exporter: Exporter) -> CollectorRegistry:
    """All of it, and what the exporter itself takes; nothing is looked up before a scrape."""
    registry = CollectorRegistry()
    registry.register(exporter)
    ProcessCollector(registry=registry)
    return registry
