from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path

import psycopg
import pytest

from m2s_orchestration.errors import (
    ClubChanged,
    DatabaseFault,
    DatabaseUnreachable,
    MissingPermission,
    MissingTable,
    NotMigrated,
)
from m2s_orchestration.postgres import Database, Statement, first_line, statements, translated

Read = Callable[[str], Mapping[str, Statement]]

_numbers = count(1)


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Reads a text as the `.sql` file of a package."""
    monkeypatch.syspath_prepend(tmp_path)

    def read(text: str) -> Mapping[str, Statement]:
        package = f"package_with_sql_{next(_numbers)}"
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
        (tmp_path / package / "some.sql").write_text(text, encoding="utf-8")
        return statements(package, "some.sql")

    return read


def test_each_statement_has_a_name_a_purpose_and_a_text(read: Read) -> None:
    found = read("-- one: The first.\nSELECT 1;\n\n-- two: The second: it's more.\nSELECT\n  2;\n")

    assert found == {
        "one": Statement(name="one", purpose="The first.", text="SELECT 1;"),
        "two": Statement(name="two", purpose="The second: it's more.", text="SELECT\n  2;"),
    }


def test_comments_that_are_no_heads_belong_to_where_they_stand(read: Read) -> None:
    found = read(
        "-- What this file is for.\n\n-- one: The first.\n-- more of it\n"
        "SELECT 1 -- one: not a head\n  -- two: neither\n"
    )

    assert list(found) == ["one"]
    assert "What this file" not in found["one"].text
    assert found["one"].text.startswith("-- more of it\nSELECT 1 -- one: not a head")


def test_umlauts_and_percent_signs_are_kept(read: Read) -> None:
    assert read("-- one: Für alle.\nSELECT '%%ü'")["one"].text == "SELECT '%%ü'"


def test_a_file_may_have_no_statement(read: Read) -> None:
    assert read("") == {}


def test_a_name_that_comes_twice_is_a_mistake(read: Read) -> None:
    with pytest.raises(ValueError, match="twice"):
        read("-- one: The first.\nSELECT 1;\n-- one: Again.\nSELECT 2;\n")


def test_a_head_without_a_statement_is_a_mistake(read: Read) -> None:
    with pytest.raises(ValueError, match="one"):
        read("-- one: The first.\n\n-- two: The second.\nSELECT 2;\n")


def test_a_database_does_not_show_its_password() -> None:
    assert "secret" not in repr(Database("postgresql://club:secret@db.example.org/club"))


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("one line", "one line"),
        ("the first.\nLINE 1: SELECT secret", "the first"),
        ("\n  ", "ValueError"),
        ("", "ValueError"),
    ],
)
def test_of_what_the_server_says_the_first_line_is_told(text: str, first: str) -> None:
    assert first_line(ValueError(text)) == first


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (psycopg.errors.UndefinedTable('relation "members_member" does not exist'), MissingTable),
        (psycopg.errors.UndefinedColumn('column "x" does not exist'), MissingTable),
        (psycopg.errors.UndefinedTable('relation "m2s_orchestration.x" missing'), NotMigrated),
        (psycopg.errors.InvalidSchemaName('schema "m2s_orchestration"'), NotMigrated),
        (psycopg.errors.InsufficientPrivilege("permission denied"), MissingPermission),
        (psycopg.errors.ForeignKeyViolation("violates"), ClubChanged),
        (psycopg.OperationalError("server closed the connection"), DatabaseUnreachable),
        (psycopg.errors.AdminShutdown("terminating"), DatabaseUnreachable),
        (psycopg.errors.LockNotAvailable("canceling statement"), DatabaseFault),
        (psycopg.errors.DeadlockDetected("deadlock detected"), DatabaseFault),
        (psycopg.errors.ReadOnlySqlTransaction("cannot execute INSERT"), DatabaseFault),
        (psycopg.InterfaceError("the connection is closed"), DatabaseUnreachable),
    ],
)
def test_what_the_server_refuses_is_said_in_the_clubs_terms(
    error: Exception, meaning: type[Exception]
) -> None:
    with pytest.raises(meaning, match=first_line(error)) as caught, translated():
        raise error

    assert caught.value.__cause__ is error


@pytest.mark.parametrize(
    "error", [ValueError("ours"), psycopg.errors.SyntaxError("ours too"), KeyboardInterrupt()]
)
def test_what_is_our_own_mistake_is_not_explained_away(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught, translated():
        raise error

    assert caught.value is error


def test_a_row_that_the_server_quotes_is_not_repeated() -> None:
    told = psycopg.errors.NotNullViolation(
        'null value in column "x"\nDETAIL: Failing row contains (jane@example.org)'
    )

    with pytest.raises(DatabaseFault, match='null value in column "x"') as caught, translated():
        raise told

    assert "jane" not in str(caught.value)
    assert caught.value.__cause__ is None
