"""The leases: who runs what now, and the clearing of those whose holder is gone."""

import dagster as dg
from pydantic import Field

from m2s_orchestration.administration.job import BySomebody, build_job
from m2s_orchestration.delivery import lease
from m2s_orchestration.delivery.lease import HeldLease
from m2s_orchestration.errors import BadParameter
from m2s_orchestration.framework.parameters import Parameters
from m2s_orchestration.framework.story import Metadata, table
from m2s_orchestration.postgres import Database
from m2s_orchestration.settings import Settings

LIST = """Who runs what now.

Shows every row of `cronjob_locks`, the web application's too. A live one is somebody at work. One
past its term is what a killed run left: the next run takes it over by itself, so there is seldom
a reason to clear it.
"""

CLEAR = """Clear leases whose holder is gone.

Without `notification` it clears every lease of which the term is past; a live one only with
`force`, and only the one that is named. A live holder whose lease is cleared records and begins
nothing more, and what it had begun becomes `unknown`. What has moved over from its CronJob keeps
a tombstone, so that the old command stays out.
"""


class Clearing(BySomebody):
    """Which leases to clear."""

    notification: str = Field(
        default="",
        description="Whose lease, such as notify_aging_logsheets. Empty: all that are past their"
        " term.",
    )
    force: bool = Field(
        default=False,
        description="Clear the named one although its holder may be alive.",
    )


def _list(context: dg.OpExecutionContext, asked: Parameters) -> Metadata:
    del context, asked
    found = lease.leases(_database())
    return {
        "leases": table(
            ("notification", "owner", "since (UTC)", "until (UTC)", "state"),
            [
                (
                    item.notification,
                    item.owner,
                    f"{item.since:%Y-%m-%d %H:%M:%S}",
                    "" if item.is_tombstone else f"{item.until:%Y-%m-%d %H:%M:%S}",
                    _state(item),
                )
                for item in found
            ],
        ),
        "stale": dg.MetadataValue.int(len(_stale(found))),
    }


def _clear(context: dg.OpExecutionContext, asked: Clearing) -> Metadata:
    database = _database()
    found = lease.leases(database)
    names = [asked.notification] if asked.notification else _stale(found)
    signed = f"{asked.person}: {asked.reason}"
    cleared = []
    for name in names:
        owner = lease.clear(
            database,
            notification=name,
            person=signed,
            force=asked.force and bool(asked.notification),
        )
        if owner:
            cleared.append((name, owner))
            context.log.info(f"Cleared: {name} was held by {owner}.")
    live = [one for one in found if one.notification == asked.notification and one.is_live]
    if not cleared and live and not live[0].is_tombstone:
        raise BadParameter(
            f"{asked.notification} is held by {live[0].owner} until {live[0].until:%H:%M:%S} UTC"
            " and its holder may be alive: wait until then, or set force."
        )
    return {"cleared": table(("notification", "was held by"), cleared)}


def _stale(found: list[HeldLease]) -> list[str]:
    return [item.notification for item in found if not item.is_live and not item.is_tombstone]


def _state(item: HeldLease) -> str:
    if item.is_tombstone:
        return "free for us, held against the old command"
    return "live" if item.is_live else "past its term"


def _database() -> Database:
    return Database(Settings.from_environment().database)


JOBS = (
    build_job("list_leases", LIST, Parameters, _list),
    build_job("clear_leases", CLEAR, Clearing, _clear),
)
