"""What an officer sets right from the UI: the jobs, on a real ledger, with real mail."""

from __future__ import annotations

from collections.abc import Mapping
from email.message import EmailMessage
from typing import Any

import dagster as dg
import pytest

from m2s_orchestration.definitions import defs
from m2s_orchestration_tests.acceptance.conftest import Site

AGING = "notify_aging_logsheets"
SIGNED = {"person": "Jane", "reason": "they lost it"}


@pytest.fixture
def officer(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A club whose settings are this process's own."""
    for name, value in site.environment.items():
        monkeypatch.setenv(name, value)
    return site


def launch(job: str, **values: object) -> dg.ExecuteInProcessResult:
    with dg.DagsterInstance.ephemeral() as instance:
        return defs.resolve_job_def(job).execute_in_process(
            run_config=values, instance=instance, raise_on_error=False
        )


def shown(result: dg.ExecuteInProcessResult) -> Mapping[str, Any]:
    """The metadata of the job's step, by name."""
    assert result.success, [event.message for event in result.all_events]
    (event,) = [event for event in result.all_events if event.is_successful_output]
    return {name: value.value for name, value in event.step_output_data.metadata.items()}


def fault(result: dg.ExecuteInProcessResult) -> str:
    (event,) = [event for event in result.all_events if event.is_step_failure]
    failure = event.step_failure_data.user_failure_data
    assert failure
    return str(failure.description)


def hold(site: Site, name: str, term: str) -> None:
    with site.database.connect("test") as connection:
        connection.execute(
            "INSERT INTO cronjob_locks (job_name, locked_by, locked_at, expires_at)"
            " VALUES (%s, 'web-7f9c-1', now() - interval '1 hour', now() + %s::interval)",
            [name, term],
        )


def send_aging(site: Site, **environment: str) -> None:
    late = ("--as-of", "2026-03-01T08:00Z", "--send-late")
    site.run("m2s_orchestration.cli", "run", AGING, *late, **environment)


def move(site: Site, *states: str) -> None:
    """Take delivery 1 through states, as runs would."""
    with site.database.connect("test") as connection:
        for state in states:
            connection.execute(
                "UPDATE m2s_orchestration.delivery SET state = %s, owner = 'gone' WHERE id = 1",
                [state],
            )


def row(site: Site, delivery: int, columns: str) -> tuple[Any, ...]:
    with site.database.connect("test") as connection:
        found = connection.execute(
            f"SELECT {columns} FROM m2s_orchestration.delivery WHERE id = %s",
            [delivery],
        ).fetchone()
    assert found
    return tuple(found)


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("html",))
    assert body
    return str(body.get_content())


def test_stale_leases_are_cleared_and_living_ones_are_not(officer: Site) -> None:
    hold(officer, "stale", "-1 minute")
    hold(officer, "living", "10 minutes")

    listed = shown(launch("list_leases"))
    cleared = shown(launch("clear_leases", **SIGNED))
    left = shown(launch("list_leases"))

    assert listed["stale"] == 1
    assert "| stale | web-7f9c-1 |" in cleared["cleared"]
    assert "living" not in cleared["cleared"]
    assert "| living | web-7f9c-1 |" in left["leases"]


def test_a_living_lease_is_cleared_by_name_and_force_only(officer: Site) -> None:
    hold(officer, "living", "10 minutes")

    refused = launch("clear_leases", notification="living", **SIGNED)
    everything = shown(launch("clear_leases", force=True, **SIGNED))
    forced = shown(launch("clear_leases", notification="living", force=True, **SIGNED))

    assert "its holder may be alive" in fault(refused)
    assert "living" not in everything["cleared"]
    assert "living" in forced["cleared"]
    with officer.database.connect("test") as connection:
        events = connection.execute(
            "SELECT event, owner, other FROM m2s_orchestration.lease_event"
        ).fetchall()
    assert events == [("cleared", "Jane: they lost it", "web-7f9c-1")]


def test_what_is_unknown_is_listed_and_settled(officer: Site) -> None:
    send_aging(officer, EMAIL_PORT="9")
    move(officer, "sending", "unknown")

    listed = shown(launch("list_deliveries"))
    settled = launch("settle_delivery", delivery_id=1, state="failed", **SIGNED)
    again = launch("settle_delivery", delivery_id=1, state="sent", **SIGNED)

    assert listed["found"] == 1
    assert "| 1 | notify_aging_logsheets | 2026-03-01-08:00 |" in listed["deliveries"]
    assert settled.success
    assert "is failed and cannot be settled as sent" in fault(again)
    assert row(officer, 1, "state, settled_by, settled_reason") == ("failed", *SIGNED.values())


def test_one_that_was_sent_is_sent_again_on_purpose_and_only_that(officer: Site) -> None:
    send_aging(officer)
    before = officer.recipients()

    done = shown(launch("resend_delivery", delivery_id=1, **SIGNED))

    (address,) = row(officer, 1, "address")
    assert sorted([*before, address]) == officer.recipients()
    assert (done["delivery"], done["sent"]) == (3, 1)
    assert row(officer, 3, "state, settled_by, settled_reason") == ("sent", *SIGNED.values())
    first, *_, copy = [
        mail.message for mail in officer.mailbox.messages() if address in mail.recipients
    ]
    assert first["Message-ID"] != copy["Message-ID"]
    assert first["Subject"] == copy["Subject"]
    assert text_of(first) == text_of(copy)


def test_one_that_failed_is_sent_again_as_itself(officer: Site) -> None:
    send_aging(officer, EMAIL_PORT="9")
    move(officer, "failed")

    shown(launch("resend_delivery", delivery_id=1, **SIGNED))

    assert row(officer, 1, "state, settled_by") == ("sent", "Jane")


def test_one_in_doubt_is_not_sent_again_before_it_is_settled(officer: Site) -> None:
    send_aging(officer, EMAIL_PORT="9")
    move(officer, "sending", "unknown")

    assert "settle it first" in fault(launch("resend_delivery", delivery_id=1, **SIGNED))
    assert officer.recipients() == []


def test_one_that_no_server_takes_makes_the_job_red(
    officer: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    send_aging(officer)
    monkeypatch.setenv("EMAIL_PORT", "9")

    assert "is planned and not out" in fault(launch("resend_delivery", delivery_id=1, **SIGNED))


def test_nothing_is_changed_without_a_name_and_a_reason(officer: Site) -> None:
    send_aging(officer)

    result = launch("resend_delivery", delivery_id=1, person="Jane", reason="")

    assert "reason" in fault(result)
    assert len(officer.recipients()) == 2


def test_a_day_is_rehearsed_with_every_occurrence_of_it_and_nothing_is_sent(officer: Site) -> None:
    told = shown(launch("rehearse_day", day="2026-03-01"))

    table = told["rehearsal of 2026-03-01"]
    assert "| 03:00 | notify_aging_logsheets | 2026-03-01-08:00 | 2 |" in table
    assert "report_duty_delinquents" in table
    assert "### Logsheets waiting to be finalized" in told[AGING]
    assert officer.recipients() == []
    with officer.database.connect("test") as connection:
        decided = connection.execute("SELECT count(*) FROM m2s_orchestration.occurrence").fetchone()
    assert decided == (0,)


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01"])
def test_a_day_that_is_none_is_refused(officer: Site, day: str) -> None:
    assert f"day is '{day}'" in fault(launch("rehearse_day", day=day))
    assert officer.recipients() == []
