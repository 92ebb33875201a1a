"""The ledger: what became of mails, a person's word on those in doubt, and one sent again."""

from datetime import UTC, datetime

import dagster as dg
from pydantic import Field

from m2s_orchestration.administration.job import BySomebody, build_job
from m2s_orchestration.delivery import administration
from m2s_orchestration.delivery.administration import Delivery, Settlement
from m2s_orchestration.errors import IncompleteDelivery
from m2s_orchestration.framework.notification import Notification
from m2s_orchestration.framework.parameters import Parameters
from m2s_orchestration.framework.report import Report
from m2s_orchestration.framework.request import SCHEDULED_WAIT, Request
from m2s_orchestration.framework.run import NotificationRun
from m2s_orchestration.framework.story import Metadata, of_report, table
from m2s_orchestration.mail.addresses import mask
from m2s_orchestration.monitoring.alert_operators import notification as alert
from m2s_orchestration.notifications import notification_named
from m2s_orchestration.postgres import Database
from m2s_orchestration.settings import Settings

LIST = """What became of each mail.

Shows the newest deliveries, by default those that are `unknown`: the mail server was given the
whole message and its answer never came.
"""

SETTLE = """Say how a delivery in doubt ended.

Look for its Message-ID in the mail server's log, or ask the person; then say `sent`, `failed` or
`retry`. A failed or expired one can be set to `retry`. What is set to retry has 24 hours and goes
out with the next run of its occurrence.
"""

RESEND = """Send one mail again, on purpose.

For somebody who lost a mail that was sent, it is recorded as another delivery with the same text
and another Message-ID, and sent at once. One that failed or expired is set to retry and sent at
once. One that is `unknown` may have arrived: settle it first. The reason is recorded with the
delivery.
"""


class Listing(Parameters):
    """Which deliveries to show."""

    state: str = Field(default="unknown", description="In this state. Empty: in any.")
    notification: str = Field(default="", description="Of this notification. Empty: of all.")
    limit: int = Field(default=100, ge=1, le=1000, description="How many at most, newest first.")


class Settling(BySomebody):
    """Which delivery, and how it ended."""

    delivery_id: int = Field(ge=1, description="Its number, as list_deliveries shows it.")
    state: Settlement = Field(description="How it ended: sent, failed, or retry to send it again.")


class Resending(BySomebody):
    """Which delivery to send again."""

    delivery_id: int = Field(ge=1, description="Its number, as list_deliveries shows it.")


def _list(context: dg.OpExecutionContext, asked: Listing) -> Metadata:
    del context
    found = administration.deliveries(
        _database(),
        notification=asked.notification or None,
        state=asked.state or None,
        limit=asked.limit,
    )
    head = ("id", "notification", "occurrence", "period", "recipient", "state", "why", "Message-ID")
    return {
        "deliveries": table(head, [_row(item) for item in found]),
        "found": dg.MetadataValue.int(len(found)),
    }


def _row(item: Delivery) -> tuple[str, ...]:
    masked = mask(item.address) if item.address else ""
    whose = masked if item.recipient_key.startswith("address:") else item.recipient_key
    reply = f"{item.reply_code or ''} {item.reply_text or ''}".strip()
    return (
        str(item.id),
        item.notification,
        f"{item.tick:%Y-%m-%d-%H:%M}",
        item.period,
        f"{whose} {item.variant}".strip(),
        item.state,
        item.reason or reply,
        (item.message_id or "").strip("<>"),
    )


def _settle(context: dg.OpExecutionContext, asked: Settling) -> Metadata:
    administration.settle(
        _database(),
        asked.delivery_id,
        state=asked.state,
        person=asked.person,
        reason=asked.reason,
    )
    context.log.info(f"Delivery {asked.delivery_id} is settled as {asked.state}.")
    return {"settled": dg.MetadataValue.text(f"{asked.delivery_id}: {asked.state}")}


def _resend(context: dg.OpExecutionContext, asked: Resending) -> Metadata:
    settings = Settings.from_environment()
    again = administration.resend(
        Database(settings.database), asked.delivery_id, person=asked.person, reason=asked.reason
    )
    context.log.info(f"It is to be sent as delivery {again.id}.")
    report = _send(_declared(again.notification), again.tick, settings, context.run_id)
    found, _ = administration.delivery(Database(settings.database), again.id)
    if found.state != "sent":
        raise IncompleteDelivery(
            f"Delivery {again.id} is {found.state} and not out: {report.fault or found.reason}."
            " `m2s deliveries show` tells more; the next run of its occurrence sends what may go."
        )
    return {"delivery": dg.MetadataValue.int(again.id), **of_report(report, {})}


def _send(notification: Notification, tick: datetime, settings: Settings, run_id: str) -> Report:
    request = Request.parse(
        notification,
        {"as_of": tick.isoformat(), "wait": int(SCHEDULED_WAIT.total_seconds())},
        partition=None,
        waits=True,
        now=datetime.now(UTC),
    )
    run = NotificationRun(notification, request, settings, run_id=run_id)
    try:
        run.begin()
        run.commit()
        return run.email()
    finally:
        run.close()


def _declared(name: str) -> Notification:
    return alert if name == alert.name else notification_named(name)


def _database() -> Database:
    return Database(Settings.from_environment().database)


JOBS = (
    build_job("list_deliveries", LIST, Listing, _list),
    build_job("settle_delivery", SETTLE, Settling, _settle),
    build_job("resend_delivery", RESEND, Resending, _resend),
)
