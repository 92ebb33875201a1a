from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import dagster as dg
import pytest

from m2s_orchestration.application.command import ApplicationCommand
from m2s_orchestration.application.commands import COMMANDS
from m2s_orchestration.application.pod import manifest
from m2s_orchestration.definitions import defs
from m2s_orchestration.errors import BadDeclaration
from m2s_orchestration.settings import Settings
from m2s_orchestration_tests.unit.environments import read

FINALIZATION = COMMANDS[1]
EXTRA: dict[str, Any] = {
    "serviceAccountName": "club",
    "volumes": [{"name": "key", "secret": {"secretName": "gcp"}}],
    "containers": [{"workingDir": "/srv", "volumeMounts": [{"name": "key", "mountPath": "/k"}]}],
}

each = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)


def in_a_pod(**changes: str) -> Settings:
    return read(APPLICATION_IMAGE="club/web:42", **changes)


def test_they_run_as_their_cronjobs_did() -> None:
    told = {item.name: (item.cron, item.deadline, item.arguments) for item in COMMANDS}

    assert told == {
        "close_billing_periods": ("*/15 * * * *", timedelta(minutes=5), ()),
        "process_finalization_email_outbox": (
            *("*/10 * * * *", timedelta(minutes=10), ("--limit=200",)),
        ),
        "process_stats_dump_outbox": ("*/10 * * * *", timedelta(minutes=20), ("--limit=20",)),
    }


@each
def test_each_has_a_page_a_schedule_that_is_off_and_one_run_at_a_time(
    command: ApplicationCommand,
) -> None:
    job = defs.resolve_job_def(command.name)
    schedule = defs.resolve_schedule_def(command.schedule_name)

    assert job.description == command.page
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
    assert (schedule.cron_schedule, schedule.execution_timezone) == (command.cron, "UTC")
    assert job.tags["m2s/notification"] == command.name
    assert int(job.tags["dagster/max_runtime"]) > command.deadline.total_seconds()


@each
def test_its_lease_is_not_the_commands_own(command: ApplicationCommand) -> None:
    """The command takes that one itself, and would find us there."""
    assert command.lease_name != command.name
    assert len(command.lease_name) <= 100


def test_its_command_line_is_the_applications() -> None:
    assert FINALIZATION.words(("python", "manage.py")) == (
        *("python", "manage.py", "process_finalization_email_outbox", "--limit=200"),
        "--verbosity=1",
    )


def test_its_pod_is_that_of_the_cronjob() -> None:
    job = manifest(FINALIZATION, in_a_pod(), run_id="0123456789abcdef")

    assert job["metadata"]["name"] == "process-finalization-email-outbox-01234567"
    assert (job["spec"]["backoffLimit"], job["spec"]["activeDeadlineSeconds"]) == (0, 600)
    pod = job["spec"]["template"]["spec"]
    assert pod["restartPolicy"] == "Never"
    (container,) = pod["containers"]
    assert container["image"] == "club/web:42"
    assert container["command"] == list(FINALIZATION.words(("python", "manage.py")))
    assert container["workingDir"] == "/app"
    assert container["envFrom"] == [{"secretRef": {"name": "manage2soar-env"}}]
    assert container["resources"] == {
        "requests": {"memory": "64Mi", "cpu": "50m"},
        "limits": {"memory": "128Mi", "cpu": "100m"},
    }


def test_its_pod_gets_what_the_settings_add() -> None:
    settings = in_a_pod(
        APPLICATION_POD=json.dumps(EXTRA), APPLICATION_COMMAND="poetry run 'manage it.py'"
    )
    pod = manifest(FINALIZATION, settings, run_id="01234567")["spec"]["template"]["spec"]

    assert pod["serviceAccountName"] == "club"
    assert pod["volumes"] == EXTRA["volumes"]
    (container,) = pod["containers"]
    assert container["workingDir"] == "/srv"
    assert container["volumeMounts"] == [{"name": "key", "mountPath": "/k"}]
    assert container["command"][:3] == ["poetry", "run", "manage it.py"]
    assert container["image"] == "club/web:42"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cron": "every day"}, "is not a schedule"),
        ({"deadline": timedelta(0)}, "longer than nothing"),
        ({"package": "m2s_orchestration.application.commands.Close"}, "snake_case"),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(BadDeclaration, match=words):
        replace(COMMANDS[0], **change)
