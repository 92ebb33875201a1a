"""A notification moves over from its CronJob, and back, as a person does it on the command line."""

from __future__ import annotations

import json
import signal
import subprocess
from datetime import timedelta

import pytest

from m2s_orchestration_tests.acceptance.conftest import Site
from m2s_orchestration_tests.eventually import eventually
from m2s_orchestration_tests.web_application import (
    OldCommand,
    WebApplication,
)

M2S = "m2s_orchestration.cli"
AGING = "notify_aging_logsheets"
TICK = "2026-03-01-08:00"
SERVED_TICK = ("--as-of", "2026-03-01T08:00:00Z", "--send-late")
OFFICERS = [
    "elodie.fournier@members.highmeadowsoaring.example",
    "nora.lindgren@members.highmeadowsoaring.example",
]
LATE = "notify_late_sprs"
MONDAY = ("--as-of", "2026-03-02T10:00:00Z", "--send-late")
TOMBSTONE = "moved-to-dagster"


def m2s(site: Site, *arguments: str) -> subprocess.CompletedProcess[str]:
    return site.run(M2S, *arguments)


def run(site: Site, *arguments: str) -> dict[str, object]:
    result: dict[str, object] = json.loads(m2s(site, "run", *arguments, "--json").stdout)
    return result


def old_command(site: Site, name: str = AGING) -> bool:
    """Whether the web application's command, started now, does its work."""
    with site.database.connect("web application") as connection:
        lock = WebApplication(connection, name, ahead=timedelta(minutes=2))
        return OldCommand(lock).run()


def row(site: Site) -> list[tuple[str, int]]:
    with site.database.connect("test") as connection:
        return connection.execute(
            "SELECT locked_by, extract(year FROM expires_at)::int FROM cronjob_locks"
        ).fetchall()


def written(site: Site) -> tuple[object, ...]:
    """How much there is of all that a move may write."""
    with site.database.connect("test") as connection:
        counts: tuple[object, ...] | None = connection.execute(
            "SELECT (SELECT count(*) FROM cronjob_locks),"
            " (SELECT count(*) FROM m2s_orchestration.cutover),"
            " (SELECT count(*) FROM m2s_orchestration.delivery),"
            " (SELECT count(*) FROM m2s_orchestration.occurrence),"
            " (SELECT count(*) FROM m2s_orchestration.lease_event)"
        ).fetchone()
    assert counts is not None
    return counts


def test_a_rehearsal_tells_what_would_be_done_and_changes_nothing(site: Site) -> None:
    before = written(site)

    told = m2s(site, "cutover", AGING, "--from", TICK)

    assert told.returncode == 0, told.stderr
    assert f"first occurrence of ours: {TICK}" in told.stdout
    assert "the CronJob's: 2026-02-28-08:00" in told.stdout
    assert "say --yes" in told.stdout
    assert written(site) == before
    assert old_command(site)


def test_after_the_move_our_runs_go_and_the_old_command_does_not(site: Site) -> None:
    moved = m2s(site, "cutover", AGING, "--from", TICK, "--yes")
    turned_away = not old_command(site)
    result = run(site, AGING, *SERVED_TICK)
    turned_away_again = not old_command(site)

    assert moved.returncode == 0, moved.stderr
    assert f"Switch on {AGING}_schedule" in moved.stdout
    assert turned_away
    assert turned_away_again
    assert result["outcome"] == "sent"
    assert site.recipients() == OFFICERS
    assert row(site) == [(TOMBSTONE, 3000)]


def test_a_killed_run_leaves_no_gap_for_the_old_command(site: Site) -> None:
    m2s(site, "cutover", AGING, "--from", TICK, "--yes")
    killed = site.run(
        *("m2s_orchestration_tests.acceptance.killed_run", AGING),
        *("2026-03-01T08:00:00Z", "claim"),
        EMAIL_CONNECTIONS="1",
    )
    with site.database.connect("test") as connection:
        connection.execute(
            "UPDATE cronjob_locks SET expires_at = expires_at - interval '2 minutes'"
        )

    assert killed.returncode == -signal.SIGKILL
    assert not old_command(site)
    assert run(site, AGING, *SERVED_TICK)["unknown"] == 1
    assert row(site) == [(TOMBSTONE, 3000)]


def test_what_the_cronjob_served_is_only_rehearsed(site: Site) -> None:
    m2s(site, "cutover", AGING, "--yes")

    latest = m2s(site, "run", AGING)

    assert latest.returncode == 0
    assert "rehearsal" in latest.stdout
    assert "is the web application's: notify_aging_logsheets moved over at" in latest.stderr
    assert run(site, AGING, *SERVED_TICK)["outcome"] == "rehearsal"
    assert site.recipients() == []


def test_back_it_is_the_old_commands_again_and_ours_only_rehearses(site: Site) -> None:
    m2s(site, "cutover", AGING, "--from", TICK, "--yes")
    rehearsed = m2s(site, "cutover", AGING, "--back")
    still_ours = row(site)
    back = m2s(site, "cutover", AGING, "--back", "--yes")

    assert (rehearsed.returncode, back.returncode) == (0, 0)
    assert still_ours == [(TOMBSTONE, 3000)]
    assert row(site) == []
    assert old_command(site)
    with site.database.connect("test") as connection:
        connection.execute(
            "UPDATE m2s_orchestration.cutover SET back_at = back_at - interval '40 days'"
        )
    after = m2s(site, "run", AGING)
    assert "went back to the web application" in after.stderr
    assert site.recipients() == []


def test_moved_there_and_back_and_there_again_nobody_is_told_twice(site: Site) -> None:
    m2s(site, "cutover", AGING, "--from", TICK, "--yes")
    run(site, AGING, *SERVED_TICK)
    m2s(site, "cutover", AGING, "--back", "--yes")
    again = m2s(site, "cutover", AGING, "--from", TICK, "--yes")

    assert again.returncode == 0, again.stderr
    assert run(site, AGING, *SERVED_TICK)["outcome"] == "already_done"
    assert site.recipients() == OFFICERS


def test_whom_a_half_dead_cronjob_told_is_left_out_and_the_others_are_told(site: Site) -> None:
    everybody = _late_instructors(site)
    _tell_as_the_old_command(site, "2026-03-02T10:00:05Z", everybody[:2])

    rehearsed = m2s(site, "cutover", LATE, "--from", "2026-03-02-10:00")
    m2s(site, "cutover", LATE, "--from", "2026-03-02-10:00", "--yes")
    result = run(site, LATE, *MONDAY)
    listed = m2s(site, "deliveries", "list", "--notification", LATE, "--state", "sent")

    # The demo club has one of the Monday before.
    assert "3 notices of the old command" in rehearsed.stdout
    assert "2026-02-23 (1), 2026-03-02 (2)" in rehearsed.stdout
    assert (result["outcome"], result["sent"]) == ("sent", len(everybody) - 2)
    assert sorted([*site.recipients(), *everybody[:2]]) == sorted(everybody)
    assert listed.stdout.count(" 2026-03-02 ") == len(everybody)


def _tell_as_the_old_command(site: Site, at: str, addresses: list[str]) -> None:
    """Write the notices that it writes once a mail is out."""
    with site.database.connect("web application") as connection:
        told = connection.execute(
            "INSERT INTO notifications_notification"
            " (user_id, message, url, created_at, read, dismissed)"
            " SELECT id, '1 overdue Student Progress Report(s)', '/instructors/', %s, false, false"
            " FROM members_member WHERE email = ANY(%s)",
            (at, addresses),
        )
        assert told.rowcount == len(addresses)


def _late_instructors(site: Site) -> list[str]:
    """Whom a run would mail, from the gallery of a rehearsal."""
    m2s(site, "preview", LATE, "--as-of", "2026-03-02T10:00Z")
    mails = site.folder.glob(f".m2s/preview/{LATE}-*/mail-*/message.eml")
    headers = [line for mail in mails for line in mail.read_text().splitlines()]
    return [line.removeprefix("To: ") for line in headers if line.startswith("To: ")]


def test_while_the_cronjob_runs_it_is_refused_and_says_who_runs_it(site: Site) -> None:
    with site.database.connect("web application") as connection:
        lock = WebApplication(connection, AGING)
        lock.insert()
        rehearsed = m2s(site, "cutover", AGING)
        refused = m2s(site, "cutover", AGING, "--yes")
        waiting = site.start(M2S, "cutover", AGING, "--yes", "--wait", "60")
        eventually(lambda: _has_connected(site), within=60)
        lock.ends()
        _, errors = waiting.communicate(timeout=60)

    assert (rehearsed.returncode, refused.returncode) == (75, 75)
    assert lock.owner in rehearsed.stderr
    assert lock.owner in refused.stderr
    assert (waiting.returncode, errors) == (0, "")
    assert row(site) == [(TOMBSTONE, 3000)]


def _has_connected(site: Site) -> bool:
    with site.database.connect("test") as connection:
        found = connection.execute(
            "SELECT FROM pg_stat_activity WHERE application_name = 'm2s cutover'"
            " AND query = 'ROLLBACK'"
        ).fetchall()
    return bool(found)


def test_a_command_that_takes_no_lock_is_said_to_be_kept_out_by_nothing(site: Site) -> None:
    told = m2s(site, "cutover", "send_duty_preop_emails")

    assert told.returncode == 0
    assert "takes no lock; only the suspended CronJob" in told.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("no_such_thing",), "There is no notification 'no_such_thing'"),
        ((AGING, "--from", "2026-03-01-08:01"), "nearest are 2026-03-01-08:00 and 2026-03-02"),
        ((AGING, "--from", "tomorrow"), "which is not a moment"),
        ((AGING, "--back"), "has not moved over"),
        ((AGING, "--back", "--yes"), "has not moved over"),
        (("--yes",), "Name the notification"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_remedy(
    site: Site, arguments: tuple[str, ...], words: str
) -> None:
    refused = m2s(site, "cutover", *arguments)

    assert refused.returncode == 2
    assert words in refused.stderr
    assert "Traceback" not in refused.stderr


def test_another_first_occurrence_needs_a_way_back_first(site: Site) -> None:
    m2s(site, "cutover", AGING, "--from", TICK, "--yes")

    same = m2s(site, "cutover", AGING, "--from", TICK, "--yes")
    other = m2s(site, "cutover", AGING, "--from", "2026-03-02-08:00", "--yes")

    assert (same.returncode, other.returncode) == (0, 2)
    assert "--back" in other.stderr


def test_what_has_moved_is_listed_and_the_doctor_sees_what_is_amiss(site: Site) -> None:
    m2s(site, "cutover", AGING, "--from", TICK, "--yes")
    listed, locks, well = (m2s(site, *command) for command in (["cutover"], ["locks"], ["doctor"]))
    with site.database.connect("test") as connection:
        connection.execute("DELETE FROM cronjob_locks")
    ill = m2s(site, "doctor")
    mended = m2s(site, "cutover", AGING, "--yes")

    (line,) = (line for line in listed.stdout.splitlines() if AGING in line)
    assert "ours" in line
    assert TICK in line
    assert "tombstone" in line
    assert "free for us, held against the old command" in locks.stdout
    assert f"moved over from its CronJob: {AGING}" in well.stdout
    assert (well.returncode, ill.returncode, mended.returncode) == (0, 1, 0)
    assert f"m2s cutover {AGING} --yes" in ill.stdout
    assert row(site) == [(TOMBSTONE, 3000)]
