"""What Dagster's own database tells: runs, schedules, memory and the daemon."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import dagster as dg

from m2s_orchestration.framework import tags
from m2s_orchestration.monitoring.metrics import families
from m2s_orchestration.monitoring.metrics.families import Sample, by_name, counted, distributed
from m2s_orchestration.monitoring.metrics.ledger import NEGATED
from m2s_orchestration.monitoring.metrics.tally import Rows
from m2s_orchestration.monitoring.missed_occurrences import UNDER_WAY, switched_on
from m2s_orchestration.postgres import Connection, statements

SQL = statements(__package__, "runs.sql")

ENDED = [
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
]
MIB = 1024 * 1024


@dataclass(frozen=True)
class Runs:
    """Its rows, from as many statements whatever is in it."""

    runs: Rows
    durations: Rows
    heartbeats: Rows
    on_since: dict[str, datetime]
    peaks: dict[str, float]

    @classmethod
    def read(
        cls,
        connection: Connection,
        instance: dg.DagsterInstance,
        *,
        jobs: Sequence[str],
        assets: Sequence[str],
    ) -> "Runs":
        """By statements of ours what is counted, by Dagster's what only Dagster can read."""
        return cls(
            runs=SQL["runs"].run(connection, names=list(jobs), outcome=tags.OUTCOME),
            durations=SQL["durations"].run(
                connection,
                names=list(jobs),
                negated=NEGATED,
                ended=[status.value for status in ENDED],
            ),
            heartbeats=SQL["heartbeats"].run(connection, daemons=list(families.DAEMONS)),
            on_since=switched_on(instance),
            peaks=_peaks(instance, assets),
        )

    def samples(self, mailers: Sequence[str], jobs: Sequence[str]) -> Iterator[Sample]:
        """All of it as metrics, but for what schedules tell."""
        ended = {status.value for status in ENDED}
        by_status = [
            (name, status.lower(), count) for name, status, _, count in self.runs if status in ended
        ]
        yield from counted(families.RUNS, by_status, jobs, families.STATUSES)
        outcomes = [
            (name, outcome, count) for name, status, outcome, count in self.runs if status in ended
        ]
        yield from counted(families.RUN_OUTCOMES, outcomes, jobs, families.OUTCOMES)
        working: Counter[str] = Counter()
        for name, status, _, count in self.runs:
            working[name] += count if status in _UNDER_WAY else 0
        yield from by_name(families.RUNS_UNDER_WAY, dict(working), jobs)
        yield from distributed(families.RUN_DURATION, self.durations, jobs)
        yield from by_name(families.RUN_PEAK_MEMORY, self.peaks, mailers)
        yield from by_name(families.DAEMON_HEARTBEAT, dict(self.heartbeats), families.DAEMONS)


_UNDER_WAY = {status.value for status in UNDER_WAY}


def _peaks(instance: dg.DagsterInstance, names: Sequence[str]) -> dict[str, float]:
    """The peak memory of each latest run, from the figures that it left for the UI's plots."""
    found = {}
    for record in instance.get_asset_records([dg.AssetKey(name) for name in names]):
        told = record.asset_entry.last_materialization
        metadata: Mapping[str, dg.MetadataValue] = (
            told.asset_materialization.metadata if told and told.asset_materialization else {}
        )
        if "peak_memory_mib" in metadata:
            mib = float(str(metadata["peak_memory_mib"].value))
            found[record.asset_entry.asset_key.to_user_string()] = mib * MIB
    return found
