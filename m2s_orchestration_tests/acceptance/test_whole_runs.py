"""Whole runs, as a person or a scheduler starts them: other processes, a real server, real mail."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from m2s_orchestration_tests.acceptance.conftest import Site

M2S = "m2s_orchestration.cli"
REPORT = "report_duty_delinquents"
AGING = "notify_aging_logsheets"
REPORT_TICK = "2026-03-01T07:00:00Z"
AGING_TICK = "2026-03-01T08:00:00Z"
MANAGERS = [
    "donna.whitfield@members.highmeadowsoaring.example",
    "jessica.trent@members.highmeadowsoaring.example",
    "roland.beck@members.highmeadowsoaring.example",
]
OFFICERS = [
    "elodie.fournier@members.highmeadowsoaring.example",
    "nora.lindgren@members.highmeadowsoaring.example",
]
RESULT_NAMES = [
    *("job", "occurrence", "outcome", "planned", "sent", "failed", "unknown", "retry", "skipped"),
    *("expired", "notices", "changes", "run_id", "seconds"),
]


def job_execute(site: Site, job: str, *arguments: str, config: str = "") -> int:
    """`dagster job execute`, with this flat config; returns its exit status."""
    extra: tuple[str, ...] = ()
    if config:
        (site.folder / "config.yaml").write_text(config)
        extra = ("-c", "config.yaml")
    return site.run(
        *("dagster", "job", "execute", "-m", "m2s_orchestration.definitions", "-j", job),
        *extra,
        *arguments,
    ).returncode


def m2s_run(site: Site, *arguments: str, **environment: str) -> tuple[int, dict[str, object]]:
    """`m2s run … --json`; returns its exit status and the object it printed."""
    process = site.run(M2S, "run", *arguments, "--json", **environment)
    printed: dict[str, object] = json.loads(process.stdout) if process.stdout else {}
    return process.returncode, printed


def test_job_execute_sends_the_report_to_every_manager_by_environment_alone(site: Site) -> None:
    status = job_execute(site, REPORT, config=f"as_of: '{REPORT_TICK}'\nsend_late: true\n")

    assert status == 0
    assert site.recipients() == MANAGERS
    for mail in site.mailbox.messages():
        assert "19" in str(mail.message["Subject"])
        assert len(mail.recipients) == 1


def test_job_execute_takes_the_occurrence_from_the_partition_tag(site: Site) -> None:
    status = job_execute(
        *(site, AGING, "--tags", '{"dagster/partition": "2026-03-01-08:00"}'),
        config="send_late: true\n",
    )

    assert status == 0
    assert site.recipients() == OFFICERS


def test_an_old_partition_is_rehearsed_and_mails_nobody(site: Site) -> None:
    status = job_execute(site, AGING, "--tags", '{"dagster/partition": "2026-03-01-08:00"}')

    assert status == 0
    assert site.recipients() == []
    with site.database.connect("test") as connection:
        written = connection.execute(
            "SELECT (SELECT count(*) FROM m2s_orchestration.occurrence)"
            " + (SELECT count(*) FROM m2s_orchestration.lease_event)"
        ).fetchone()
    assert written == (0,)


def test_job_execute_without_a_choice_takes_the_latest_tick(site: Site) -> None:
    status = job_execute(site, AGING)

    assert status == 0
    # Today every sheet of the demo club that is open has been open for long.
    assert set(OFFICERS) <= set(site.recipients())
    assert max(Counter(site.recipients()).values()) == 1


@pytest.mark.parametrize(
    "config", ["days: 0\n", "as_of: yesterday\n", "as_of: '2199-01-01T00:00Z'\n"]
)
def test_a_bad_config_ends_the_run_red_before_anything_is_sent(site: Site, config: str) -> None:
    assert job_execute(site, AGING, config=config) == 1
    assert site.recipients() == []


def test_a_second_run_of_the_same_occurrence_sends_nothing(site: Site) -> None:
    arguments = (AGING, "--as-of", AGING_TICK, "--send-late")

    first_status, first = m2s_run(site, *arguments)
    second_status, second = m2s_run(site, *arguments)

    assert (first_status, second_status) == (0, 0)
    assert list(first) == RESULT_NAMES
    assert (first["outcome"], first["planned"], first["sent"]) == ("sent", 2, 2)
    assert (second["outcome"], second["planned"], second["sent"]) == ("already_done", 0, 0)
    assert site.recipients() == OFFICERS


def test_a_rehearsal_writes_nothing_and_opens_no_connection_to_the_mail_server(site: Site) -> None:
    # Nobody listens at this port: a connection would be a fault.
    site.environment["EMAIL_PORT"] = "9"

    status, result = m2s_run(site, AGING, "--as-of", AGING_TICK, "--dry-run")

    assert status == 0
    assert (result["outcome"], result["planned"]) == ("rehearsal", 2)


def test_of_twenty_processes_started_together_each_recipient_hears_once(site: Site) -> None:
    arguments = ("run", REPORT, "--as-of", REPORT_TICK, "--send-late", "--json")

    processes = [site.start(M2S, *arguments) for _ in range(20)]
    outputs = [process.communicate(timeout=300)[0] for process in processes]

    outcomes = Counter(json.loads(output)["outcome"] for output in outputs)
    assert site.recipients() == MANAGERS
    assert outcomes["sent"] == 1
    assert outcomes.keys() <= {"sent", "already_done", "busy"}
    pairs = zip(outputs, processes, strict=True)
    statuses = {json.loads(out)["outcome"]: p.returncode for out, p in pairs}
    assert {"sent": 0, "already_done": 0, "busy": 75}.items() >= statuses.items()


def test_while_somebody_else_holds_the_row_a_run_ends_busy_and_sends_nothing(site: Site) -> None:
    with site.database.connect("test") as connection:
        connection.execute(
            "INSERT INTO cronjob_locks (job_name, locked_by, locked_at, expires_at)"
            " VALUES (%s, 'web-7f9c-1', now(), now() + interval '15 minutes')",
            [AGING],
        )

    status, result = m2s_run(site, AGING, "--as-of", AGING_TICK, "--send-late")

    assert (status, result["outcome"]) == (75, "busy")
    assert site.recipients() == []


def test_a_forced_run_goes_on_without_the_lease_and_leaves_its_row_alone(site: Site) -> None:
    with site.database.connect("test") as connection:
        connection.execute(
            "INSERT INTO cronjob_locks (job_name, locked_by, locked_at, expires_at)"
            " VALUES (%s, 'web-7f9c-1', now(), now() + interval '15 minutes')",
            [AGING],
        )

    status, _ = m2s_run(site, AGING, "--as-of", AGING_TICK, "--send-late", "--force")
    again, result = m2s_run(site, AGING, "--as-of", AGING_TICK, "--send-late", "--force")

    assert (status, again, result["outcome"]) == (0, 0, "already_done")
    assert site.recipients() == OFFICERS
    with site.database.connect("test") as connection:
        holders = connection.execute("SELECT locked_by FROM cronjob_locks").fetchall()
    assert holders == [("web-7f9c-1",)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("no_such_thing",), "There is no notification 'no_such_thing'"),
        ((AGING, "--set", "days=0"), "days is 0"),
        ((AGING, "--set", "dayz=7"), "no parameter 'dayz'"),
        ((AGING, "--set", "days"), "write name=value"),
        ((AGING, "--as-of", "2026-03-01"), "names no zone"),
        ((AGING, "--set", "dry_run=true"), "write --dry-run"),
    ],
)
def test_bad_arguments_are_refused_with_status_2_and_the_remedy(
    site: Site, arguments: tuple[str, ...], words: str
) -> None:
    process = site.run(M2S, "run", *arguments)

    assert process.returncode == 2
    assert words in process.stderr
    assert "Traceback" not in process.stderr


def test_all_faults_of_the_environment_are_told_at_once(site: Site) -> None:
    site.environment.update(DATABASE_URL="mysql://club:hush@db/club", EMAIL_PORT="smtp")
    del site.environment["EMAIL_HOST"]

    process = site.run(M2S, "run", AGING)

    assert process.returncode == 2
    for name in ("DATABASE_URL", "EMAIL_PORT", "EMAIL_HOST"):
        assert name in process.stderr
    assert "hush" not in process.stderr


def test_a_database_that_is_away_makes_the_run_red_and_sends_nothing(site: Site) -> None:
    site.environment["DATABASE_URL"] = "postgresql://club:hush@127.0.0.1:9/club"

    status, result = m2s_run(site, AGING)

    assert (status, result["outcome"]) == (1, "incomplete")
    assert site.recipients() == []


def test_a_mail_server_that_is_away_loses_nothing(site: Site) -> None:
    port = site.environment["EMAIL_PORT"]
    site.environment["EMAIL_PORT"] = "9"
    arguments = (AGING, "--as-of", AGING_TICK, "--send-late")

    away, first = m2s_run(site, *arguments)
    site.environment["EMAIL_PORT"] = port
    back, second = m2s_run(site, *arguments)

    assert (away, first["outcome"], first["planned"], first["sent"]) == (1, "incomplete", 2, 0)
    assert (back, second["outcome"], second["sent"]) == (0, "sent", 2)
    assert site.recipients() == OFFICERS


def test_an_unknown_time_zone_is_refused_by_its_name(site: Site) -> None:
    with site.database.connect("test") as connection:
        connection.execute("UPDATE siteconfig_siteconfiguration SET club_timezone = 'Mars/Olympus'")

    process = site.run(M2S, "run", AGING, "--as-of", AGING_TICK, "--send-late")

    assert process.returncode == 2
    assert "Mars/Olympus" in process.stderr


def test_without_an_active_status_the_run_is_refused_and_not_silent(site: Site) -> None:
    with site.database.connect("test") as connection:
        connection.execute("DELETE FROM siteconfig_membershipstatus")

    process = site.run(M2S, "run", AGING, "--as-of", AGING_TICK, "--send-late")

    assert process.returncode == 2
    assert "siteconfig_membershipstatus" in process.stderr


def test_dev_mode_sends_everything_to_the_stand_in(site: Site) -> None:
    site.environment.update(EMAIL_DEV_MODE="true", EMAIL_DEV_MODE_REDIRECT_TO="dev@example.org")

    status, _ = m2s_run(site, AGING, "--as-of", AGING_TICK, "--send-late")

    assert status == 0
    assert site.recipients() == ["dev@example.org"] * 2
    subjects = [str(mail.message["Subject"]) for mail in site.mailbox.messages()]
    assert all(subject.startswith("[DEV MODE] ") for subject in subjects)
    assert {subject.rpartition("[TO: ")[2] for subject in subjects} == {f"{o}]" for o in OFFICERS}


def test_preview_writes_a_gallery_and_sends_nothing(site: Site) -> None:
    process = site.run(M2S, "preview", REPORT, "--as-of", REPORT_TICK)

    assert process.returncode == 0, process.stderr
    index = Path(site.folder, process.stdout.strip().rpartition(": ")[2])
    assert index.read_text().count("<iframe") == len(MANAGERS)
    assert site.recipients() == []


def test_the_doctor_finds_all_well_and_says_what_is_not(site: Site) -> None:
    well = site.run(M2S, "doctor")
    site.environment["EMAIL_PORT"] = "9"
    ill = site.run(M2S, "doctor")

    assert (well.returncode, ill.returncode) == (0, 1), well.stdout
    assert "fault" not in well.stdout
    assert "fault  mail server" in ill.stdout
    assert site.recipients() == []


def test_what_waits_for_members_does_not_go_out_in_dev_mode(site: Site) -> None:
    port = site.environment["EMAIL_PORT"]
    site.environment["EMAIL_PORT"] = "9"
    m2s_run(site, AGING, "--as-of", AGING_TICK, "--send-late")
    site.environment["EMAIL_PORT"] = port

    m2s_run(
        *(site, AGING, "--as-of", AGING_TICK, "--send-late"),
        EMAIL_DEV_MODE="true",
        EMAIL_DEV_MODE_REDIRECT_TO="dev@example.org",
    )
    in_dev_mode = site.recipients()
    _, after = m2s_run(site, AGING, "--as-of", AGING_TICK, "--send-late")

    assert in_dev_mode == []
    assert (after["outcome"], site.recipients()) == ("sent", OFFICERS)


@pytest.mark.parametrize(
    "fault",
    [
        {"DEFAULT_FROM_EMAIL": "office@soaring_club.org"},
        {"OPERATORS_EMAIL": "ops at example"},
        {"EMAIL_DEV_MODE": "true", "EMAIL_DEV_MODE_REDIRECT_TO": "dev"},
    ],
)
def test_an_address_of_our_own_that_cannot_be_used_is_refused_and_nothing_decided(
    site: Site, fault: dict[str, str]
) -> None:
    status, result = m2s_run(site, AGING, "--as-of", AGING_TICK, "--send-late", **fault)

    assert (status, result["outcome"]) == (2, "refused")
    with site.database.connect("test") as connection:
        decided = connection.execute("SELECT count(*) FROM m2s_orchestration.occurrence").fetchone()
    assert decided == (0,)
