"""Known clubs: where their files are, and their databases on a server of ours."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, LiteralString, Self

from m2s_orchestration.club.club import Club
from m2s_orchestration.club.reading import read_club
from m2s_orchestration.delivery.migrate import migrate
from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration.framework.occurrence import parse_moment
from m2s_orchestration.framework.parameters import parse_assignments
from m2s_orchestration.postgres import Connection, Database
from m2s_orchestration.settings import Settings
from m2s_orchestration_tests.acceptance.seen import Seen, recorded

VARIABLE = "M2S_KNOWN_CLUBS"
# Arguments of the present commands that are called otherwise here.
RENAMED = {"date": "target_date"}
ABSENT = (
    f"there are no known clubs to compare with: set {VARIABLE} to a folder that has"
    " clubs/<club>.sql.gz and expected/<club>/<job>@<moment>.json"
)


@dataclass(frozen=True)
class Case:
    """One club, job and moment, and the file that tells what the present system did."""

    file: Path
    club: str
    job: str

    @property
    def label(self) -> str:
        return f"{self.club}/{self.file.stem}"

    @cached_property
    def story(self) -> Mapping[str, Any]:
        """The file's content."""
        content: Mapping[str, Any] = json.loads(self.file.read_text(encoding="utf-8"))
        return content

    @property
    def moment(self) -> datetime:
        return parse_moment(self.story["at"])

    @property
    def values(self) -> dict[str, object]:
        """The arguments as parameters: `--min-flights 3` is min_flights=3."""
        given = iter(self.story["args"])
        pairs = zip(given, given, strict=True)
        named = ((name[2:].replace("-", "_"), value) for name, value in pairs)
        return parse_assignments(f"{RENAMED.get(name, name)}={value}" for name, value in named)

    @property
    def seen(self) -> Seen:
        """What the present system was seen to do."""
        return recorded(self.story)


def find_folder() -> Path | None:
    """The folder that the environment names, else one beside this checkout that looks right."""
    if named := os.environ.get(VARIABLE):
        return Path(named)
    root = Path(__file__).resolve().parents[2]
    beside = (found.parent for found in sorted(root.parent.glob("*/expected")))
    return next((folder for folder in beside if (folder / "clubs").is_dir()), None)


def find_cases(jobs: Iterable[str]) -> list[Case]:
    """Every case of these jobs, by job and club; none where there is no folder."""
    folder = find_folder()
    if folder is None:
        return []
    return [
        Case(file=file, club=file.parent.name, job=job)
        for job in jobs
        for file in sorted((folder / "expected").glob(f"*/{job}@*.json"))
    ]


@dataclass(frozen=True)
class KnownClub:
    """One club in a database of its own, with the ledger's tables in it."""

    club: Club
    connection: Connection
    settings: Settings


class KnownClubs:
    """The known clubs on a running server, each loaded when it is first asked for."""

    def __init__(self, folder: Path, server: EmbeddedPostgres) -> None:
        self._folder = folder
        self._server = server
        self._loaded: dict[str, KnownClub] = {}
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def club(self, name: str) -> KnownClub:
        """The club of that name."""
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def _load(self, name: str) -> KnownClub:
        self._server.create_database(name)
        environment = settings(self._server.conninfo(name))
        database = Database(environment.database)
        with database.connect("load") as connection:
            load_dump(connection, self._folder / "clubs" / f"{name}.sql.gz")
        migrate(database)
        connection = self._open.enter_context(database.connect("compare"))
        return KnownClub(read_club(connection, environment), connection, environment)


def settings(conninfo: str) -> Settings:
    """What the environment says for these runs; nothing is sent in them."""
    return Settings.from_environment(
        {
            "DATABASE_URL": conninfo,
            "EMAIL_HOST": "localhost",
            "DEFAULT_FROM_EMAIL": "noreply@example.org",
            "SITE_URL": "https://www.example.org",
            "OPERATORS_EMAIL": "operators@example.org",
        }
    )


def load_dump(connection: Connection, file: Path) -> None:
    """Load a plain dump of pg_dump, with its COPY blocks, into an empty database."""
    statement: list[str] = []
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith(("--", "\\")):
                continue
            statement.append(line)
            if line.startswith("COPY "):
                _copy(connection, _trusted(statement), lines)
                statement.clear()
            elif line.endswith(";\n") and not _is_inside_a_body(statement):
                connection.execute(_trusted(statement))
                statement.clear()


def _is_inside_a_body(statement: list[str]) -> bool:
    return "".join(statement).count("$$") % 2 == 1


def _trusted(statement: list[str]) -> LiteralString:
    # A dump is a program by nature: its files are those that the person who runs this chose.
    return "".join(statement)


def _copy(connection: Connection, statement: LiteralString, lines: Iterator[str]) -> None:
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for line in lines:
            if line == "\\.\n":
                return
            copy.write(line)
