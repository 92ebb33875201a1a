"""An officer switches, launches, reads, backfills and looks at plots, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from m2s_orchestration.demo.mailbox import ReceivedMail
from m2s_orchestration_tests.browser.demo import OFTEN, OPERATORS, Demo
from m2s_orchestration_tests.browser.officer import Officer
from m2s_orchestration_tests.eventually import eventually

Fail = Callable[[], None]

AGING = "notify_aging_logsheets"
DIGEST = "send_maintenance_digest"
SCHEDULE = f"{AGING}_schedule"


@pytest.fixture(scope="module")
def failed_digest(demo: Demo) -> Fail:
    """A run of the digest that fails; one has, and this makes another."""

    def fail() -> None:
        occurrence = ("--as-of", "2026-03-15T09:00Z", "--send-late")
        # Another shell has another mail server, where nobody listens.
        ended = demo.m2s("run", DIGEST, *occurrence, EMAIL_PORT="9")
        assert ended.returncode == 1, ended.stderr

    fail()
    return fail


@pytest.mark.usefixtures("failed_digest")
def test_a_jobs_page_says_who_answers_for_it_and_leads_to_its_document(officer: Officer) -> None:
    officer.open_job(AGING)

    expect(officer.page.get_by_text("Logsheets that wait to be finalized.")).to_be_visible()
    expect(officer.page.get_by_text("duty_officers")).to_be_visible()
    expect(officer.page.get_by_text("Read the club's database").first).to_be_visible()
    officer.picture("job")
    with officer.page.expect_popup() as opened:
        officer.page.locator("a[href*='/docs/notifications.md']").first.click()
    heading = opened.value.get_by_role("heading", name=AGING)
    expect(heading).to_be_in_viewport()
    opened.value.close()


def test_a_schedule_tells_the_clubs_time_and_is_switched_on_and_off(officer: Officer) -> None:
    officer.open(f"locations/m2s_orchestration/schedules/{SCHEDULE}")
    clock = "By the club's clock (America/New_York): 03:00, in summer time 04:00."
    expect(officer.page.get_by_text(clock)).to_be_visible()
    assert not officer.is_on(SCHEDULE)

    officer.switch(SCHEDULE)
    assert eventually(lambda: officer.is_on(SCHEDULE), every=OFTEN)
    officer.picture("schedule")
    officer.switch(SCHEDULE)
    assert eventually(lambda: not officer.is_on(SCHEDULE), every=OFTEN)


def test_a_launch_with_another_parameter_tells_its_story(officer: Officer) -> None:
    before = len(officer.demo.mails_to_members())

    run = officer.launch(AGING, "days: 1\nsend_late: true\n", partition="2026-03-03-08:00")

    assert officer.ended(AGING, run) == "sent"
    told = officer.demo.mails_to_members()[before:]
    assert len(told) > 2
    officer.open_step(run, "query")
    assert "open_logsheets, 3 of 3" in officer.read("the first rows")
    officer.open_step(run, "evaluate")
    decided = officer.read("told")
    officer.open_step(run, "commit")
    mails = officer.read("mails")
    officer.open_step(run, "email")
    answered = officer.read("deliveries")
    assert answered.count("250 ") == len(told)
    for mail in told:
        first, _, domain = mail.recipients[0].partition("@")
        assert f"{first[0]}***@{domain}" in decided
        assert str(mail.message["Subject"]) in mails
        assert mail.message_id.strip("<>").partition("@")[0] in answered
        assert not any(mail.recipients[0] in page for page in (decided, mails, answered))


def test_the_mails_of_a_run_are_a_page_that_is_one_click_away(officer: Officer) -> None:
    run = officer.runs(DIGEST)[-1]["runId"]
    officer.open_step(run, "email")

    with officer.page.expect_popup() as opened:
        officer.page.locator("a[href*='/media/exports/']").first.click()

    page = opened.value
    expect(page.get_by_text("7 of 7 mails")).to_be_visible()
    expect(page.locator("details")).to_have_count(7)
    body = page.frame_locator("iframe").first.locator("body")
    expect(body).to_contain_text("High Meadow Soaring Club")
    page.screenshot(path=officer.pictures / "mails-page.png")
    page.close()


def test_a_backfill_of_past_partitions_is_a_rehearsal_and_says_so(officer: Officer) -> None:
    before = len(officer.demo.mails_to_members())
    known = {run["runId"] for run in officer.runs(AGING)}

    officer.backfill(AGING, "2026-03-05-08:00", "2026-03-07-08:00")

    def launched_now() -> list[str]:
        new = [run["runId"] for run in officer.runs(AGING) if run["runId"] not in known]
        return new if len(new) == 3 else []

    launched = eventually(launched_now, within=90.0, every=OFTEN)
    assert [officer.ended(AGING, run) for run in launched] == ["rehearsal"] * 3
    assert len(officer.demo.mails_to_members()) == before
    officer.open(f"runs/{launched[0]}")
    because = re.compile("This is a rehearsal, because 2026-03-0.* is older than the 20 hours")
    expect(officer.page.get_by_text(because)).to_be_visible()


@pytest.fixture(scope="module")
def old_command(demo: Demo) -> str:
    """The owner of a lease that the web application's command holds."""
    owner = "web-7f9c-1"
    demo.execute(
        "INSERT INTO cronjob_locks (job_name, locked_by, locked_at, expires_at)"
        " VALUES ('notify_late_sprs', %s, now(), now() + interval '15 minutes')",
        owner,
    )
    return owner


@pytest.mark.usefixtures("old_command")
def test_what_runs_came_to_is_seen_in_the_list(officer: Officer) -> None:
    held = officer.launch("notify_late_sprs", "send_late: true\n", partition="2026-03-09-10:00")
    assert officer.ended("notify_late_sprs", held) == "busy"
    wrong = officer.launch(AGING, "days: 0\n", partition="2026-03-04-08:00")
    assert officer.ended(AGING, wrong) == "refused"

    officer.open("runs")
    officer.page.get_by_text("Show runs within backfills").click()

    for outcome in ("sent", "rehearsal", "busy", "refused"):
        tag = officer.page.get_by_text(f"m2s/outcome: {outcome}").first
        expect(tag).to_be_visible()
    officer.picture("runs")


def test_one_page_plots_whether_the_clubs_mail_is_healthy(officer: Officer) -> None:
    officer.open_plots("club_mail")

    for figure in ("contended", "refused", "sent", "sent_this_month", "unknown"):
        expect(officer.plot(figure)).to_have_count(1)
    officer.plot("sent").scroll_into_view_if_needed()
    officer.picture("plots")


def test_a_notification_plots_what_it_found_and_sent(officer: Officer) -> None:
    officer.open_plots(AGING)
    # By partition the UI plots the latest hundred or so, and the demo's day is long ago.
    officer.page.get_by_role("button", name="Events").click()

    for figure in ("aging_logsheets", "email_seconds", "peak_memory_mib", "sent"):
        expect(officer.plot(figure)).to_have_count(1)
    officer.plot("aging_logsheets").scroll_into_view_if_needed()
    officer.picture("plots-of-a-notification")


def test_leases_are_listed_by_a_job(officer: Officer, old_command: str) -> None:
    run = officer.launch("list_leases", "{}\n")

    assert officer.ended("list_leases", run) == "done"
    officer.open_step(run, "list_leases")
    assert old_command in officer.read("leases")


def test_a_failure_reaches_the_operators_once_although_another_run_fails_too(
    officer: Officer, failed_digest: Fail
) -> None:
    (alert,) = eventually(lambda: _alerts(officer), within=150.0, every=OFTEN)
    failed_digest()
    idle = officer.idle_ticks("operators_alerts")
    eventually(lambda: officer.idle_ticks("operators_alerts") > idle, within=150.0, every=OFTEN)
    eventually(lambda: not officer.is_at_work("alert_operators"), within=90.0, every=OFTEN)

    assert _alerts(officer) == [alert]
    body = alert.message.get_body(("plain",))
    link = re.search(rf"{officer.demo.ui}runs/\S+", str(body))
    assert link
    officer.page.goto(link[0])
    told = officer.page.get_by_text("Not all of this occurrence's mail is out")
    expect(told.first).to_be_visible()
    officer.picture("failed-run")
    officer.open_step(link[0].rpartition("/")[2], "email")
    assert officer.read("deliveries", picture="failed-deliveries").count("planned") == 7


def _alerts(officer: Officer) -> list[ReceivedMail]:
    """What the operators were told of the digest."""
    return [
        mail
        for mail in officer.demo.mails()
        if mail.recipients == (OPERATORS,) and str(mail.message["Subject"]).startswith(DIGEST)
    ]
