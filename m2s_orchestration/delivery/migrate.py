"""Makes and brings forward the ledger's tables; safe to run twice, also at the same time."""

from __future__ import annotations

from importlib import resources
from typing import LiteralString

from m2s_orchestration.errors import NotMigrated
from m2s_orchestration.postgres import Connection, Database, statements, translated

SQL = statements(__package__, "migrate.sql")


def steps() -> dict[str, LiteralString]:
    """Every step by name, in order, as SQL."""
    folder = resources.files(f"{__package__}.migrations")
    files = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda f: f.name
    )
    return {file.name.removesuffix(".sql"): file.read_text(encoding="utf-8") for file in files}


def migrate(database: Database) -> list[str]:
    """Take the steps that are not taken yet, all or none; returns their names."""
    with database.connect("migrate") as connection, translated(), connection.transaction():
        SQL["lock"].run(connection)
        SQL["prepare_schema"].run(connection)
        SQL["prepare_steps"].run(connection)
        taken = _applied(connection)
        new = {name: text for name, text in steps().items() if name not in taken}
        for name, text in new.items():
            connection.execute(text)
            SQL["record"].run(connection, name=name)
    return list(new)


def require_migrated(connection: Connection) -> None:
    """Raises NotMigrated where steps are missing."""
    with translated():
        prepared = SQL["is_prepared"].first(connection)
        missing = steps().keys() - (_applied(connection) if prepared == (True,) else set())
    if missing:
        raise NotMigrated(
            f"The ledger lacks the step(s) {', '.join(sorted(missing))}: run `m2s migrate`."
        )


def _applied(connection: Connection) -> set[str]:
    return {name for (name,) in SQL["applied"].run(connection)}
