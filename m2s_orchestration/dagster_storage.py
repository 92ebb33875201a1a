"""Where Dagster remembers its runs: PostgreSQL where one is named, else files that go with us.

Dagster takes the `dagster.yaml` of the folder it starts in for its temporary instances too, and its
own PostgreSQL storage cannot be told to do without a server. So this one looks first.
"""

from collections.abc import Mapping
from typing import Any

from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClass, ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage

from m2s_orchestration.settings import dagster_postgres_url, temporary_dagster_folder


class DagsterMemory(DagsterStorage[Any], ConfigurableClass):
    """The storage of `dagster.yaml`; what it makes is one of Dagster's own."""

    @classmethod
    def config_type(cls) -> Mapping[str, Any]:
        """It is configured by the environment alone."""
        return {}

    @classmethod
    def from_config_value(  # type: ignore[override]  # Dagster wants a storage, not a storage of ours
        cls,
        inst_data: ConfigurableClassData | None,
        config_value: Mapping[str, Any],  # noqa: ARG003 - the environment says it all
    ) -> DagsterStorage[Any]:
        """PostgreSQL at DAGSTER_PG_URL (or the DAGSTER_PG_ parts), else SQLite in a folder."""
        url = dagster_postgres_url()
        if url:
            return DagsterPostgresStorage(postgres_url=url, inst_data=inst_data)
        return DagsterSqliteStorage(base_dir=temporary_dagster_folder(), inst_data=inst_data)
