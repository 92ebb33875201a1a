"""What Dagster's UI says about a notification's job and about each of its steps."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from m2s_orchestration.framework.notification import Notification
from m2s_orchestration.mail.filters import plural
from m2s_orchestration.postgres import Statement

IN_DOUBT = {
    "hold": "is not offered again before a person has settled it",
    "resend_same_bytes": "is offered once more, with the same Message-ID",
    "auto": "is offered once more where the mail server keeps an idempotency key, and otherwise is"
    " not offered again before a person has settled it",
}


def of_job(notification: Notification) -> str:
    """The notification's page, and what holds for every run of it."""
    in_time = in_words(notification.in_time)
    return (
        f"{notification.page}\n\n"
        f"**Launching it** tells nobody twice. An occurrence is in time for {in_time}; one that is"
        " older is only rehearsed, and so is **a backfill of past partitions**: it shows every"
        " mail, and records and sends nothing, unless `send_late` is set.\n\n"
        "**In the list of runs** the tag `m2s/outcome` says what a run came to: `sent`,"
        " `nothing_to_send`, `already_done`, `rehearsal`, `busy`, `incomplete` or `refused`."
    )


def of_query(notification: Notification) -> str:
    """What is read."""
    reads = _listed(notification.queries)
    return f"Read the club's database, one snapshot, read-only.\n\n{reads}"


def of_evaluate(notification: Notification) -> str:
    """What is decided, and from what."""
    names = ", ".join(f"`{name}`" for name in notification.row_types)
    return (
        "Decide who must hear what. Pure.\n\n"
        f"It looks at nothing but {names}, the occurrence, the club and the parameters. The step"
        " shows who is told, who is passed over and why, and what nobody can be told."
    )


def of_commit(notification: Notification) -> str:
    """What is written down, and what changes in the club."""
    told = (
        "Record the decision, once, in one transaction.\n\nThat is every mail with its complete"
        " bytes, every notice and every change. An occurrence that is decided is not decided again."
    )
    return f"{told}\n\n{_listed(notification.changes)}" if notification.changes else told


def of_email(notification: Notification) -> str:
    """How mail goes out."""
    return (
        "Send what the ledger has as unsent, each once.\n\nThe step shows every delivery with the"
        " mail server's answer. A mail of which the answer was lost"
        f" {IN_DOUBT[notification.in_doubt]}."
    )


def _listed(found: Mapping[str, Statement]) -> str:
    return "\n".join(f"- `{item.name}`: {item.purpose}" for item in found.values())


def in_words(duration: timedelta) -> str:
    """A duration in the largest unit of which it is a whole number."""
    minutes = int(duration.total_seconds() // 60)
    for size, unit in ((24 * 60, "day"), (60, "hour")):
        if minutes % size == 0:
            return plural(minutes // size, unit)
    return plural(minutes, "minute")
