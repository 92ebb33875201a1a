"""A Dagster job that has both partitions and a flat run config.

Dagster gives a job either a config mapping, which makes the Launchpad's config flat, or partitions,
which give it backfills and the partition bar. This one answers both questions.
"""

from typing import Any, cast

import dagster as dg


class FlatJob(dg.JobDefinition):
    """A partitioned job whose run config is what its `flat` mapping takes."""

    flat: dg.ConfigMapping | None = None

    @property
    def config_mapping(self) -> dg.ConfigMapping | None:
        """The mapping from the flat config to Dagster's own."""
        return self.flat

    def _copy(self, **changes: Any) -> dg.JobDefinition:
        # Dagster copies a job to bind resources and to re-execute a part of it; the copy it makes
        # is a plain one, and would take the mapping and the partitions to contradict each other.
        changes.pop("config", None)
        return flattened(super()._copy(**changes), self.flat)


def flattened(job: dg.JobDefinition, mapping: dg.ConfigMapping | None) -> FlatJob:
    """The same job, taking its run config through the mapping."""
    job.__class__ = FlatJob
    flat = cast(FlatJob, job)
    flat.flat = mapping
    return flat
