"""m2s deliveries: what became of each message, and the word of a person on those in doubt."""

import sys
from typing import cast, get_args

import click

from m2s_orchestration.cli.person import person
from m2s_orchestration.cli.table import print_table
from m2s_orchestration.delivery import administration
from m2s_orchestration.delivery.administration import Delivery, FullDelivery, Settlement
from m2s_orchestration.postgres import Database
from m2s_orchestration.settings import Settings

STATES = ("planned", "retry", "sending", "sent", "failed", "unknown", "skipped", "expired")


@click.group(invoke_without_command=True)
@click.pass_context
def deliveries(context: click.Context) -> None:
    """List, show or settle deliveries."""
    if context.invoked_subcommand is None:
        context.invoke(list_deliveries)


@deliveries.command("list")
@click.option("--notification", help="Only of this notification.")
@click.option("--state", type=click.Choice(STATES), help="Only in this state.")
@click.option(
    "--limit", default=100, show_default=True, type=click.IntRange(1), help="How many at most."
)
def list_deliveries(
    notification: str | None = None, state: str | None = None, limit: int = 100
) -> None:
    """The newest deliveries."""
    found = administration.deliveries(
        _database(), notification=notification, state=state, limit=limit
    )
    if not found:
        click.echo("No delivery is recorded.")
        return
    print_table(
        ("id", "notification", "period", "recipient", "address", "state", "why"),
        [
            (
                item.id,
                item.notification,
                item.period,
                " ".join(filter(None, (item.recipient_key, item.variant))),
                item.address,
                item.state,
                _why(item),
            )
            for item in found
        ],
    )


@deliveries.command()
@click.argument("delivery_id", type=int)
@click.option("--raw", is_flag=True, help="Print the mail exactly as it goes out.")
def show(delivery_id: int, raw: bool) -> None:
    """One delivery: its state, every attempt, and its text."""
    found, attempts = administration.delivery(_database(), delivery_id)
    if raw:
        sys.stdout.buffer.write(found.content or b"")
        return
    for name, value in vars(found).items():
        if name != "content" and value not in (None, ""):
            click.echo(f"{name:>15}  {value}")
    print_table(
        ("at (UTC)", "state", "code", "answer", "by"),
        [
            (f"{item.at:%Y-%m-%d %H:%M:%S}", item.state, item.code, item.text, item.owner)
            for item in attempts
        ],
        title="attempts",
    )
    click.echo(_text(found))


@deliveries.command()
@click.argument("delivery_id", type=int)
@click.argument("state", type=click.Choice(get_args(Settlement)))
@click.option("--reason", required=True, help="How you know; it is recorded.")
def settle(delivery_id: int, state: str, reason: str) -> None:
    """Say how a delivery in doubt ended: sent, failed, or retry to send it once more.

    A failed or expired one can be set to retry.
    """
    administration.settle(
        _database(),
        delivery_id,
        state=cast(Settlement, state),
        person=person(),
        reason=reason,
    )
    again = " The next run of its occurrence sends it." if state == "retry" else ""
    click.echo(f"Delivery {delivery_id} is settled as {state}.{again}")


def _database() -> Database:
    return Database(Settings.from_environment().database)


def _why(item: Delivery) -> str:
    return item.reason or " ".join(
        filter(None, (str(item.reply_code or ""), item.reply_text or ""))
    )


def _text(found: FullDelivery) -> str:
    if found.content is None:
        was_here = found.message_id is not None
        return "Its text is no longer kept." if was_here else "Its text was never here."
    from email import message_from_bytes, policy

    body = message_from_bytes(found.content, policy=policy.default).get_body(("plain",))
    return str(body.get_content()) if body else ""
