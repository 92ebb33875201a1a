"""Writes docs/notifications.md from the declarations, as `make docs` does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from m2s_orchestration.framework.notification import Notification
from m2s_orchestration.framework.pages import IN_DOUBT, in_words
from m2s_orchestration.framework.parameters import RunOptions
from m2s_orchestration.monitoring.alert_operators import notification as alert
from m2s_orchestration.notifications import NOTIFICATIONS

PAGE = Path(__file__).parents[1] / "docs" / "notifications.md"
INTRODUCTION = """\
# The notifications

What each sends, to whom and when, what can be set, and what it reads and changes. Dagster's UI
shows the same beside each job, and links here (`DOCS_URL`). `make docs` writes this page from the
declarations.

All moments are in UTC, as the schedules are; each schedule's page in the UI has the club's own
time. What to do when something is wrong is in [operations.md](operations.md), the words are in
[glossary.md](glossary.md)."""


def catalogue() -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    for notification in (*NOTIFICATIONS, alert):
        parts.extend(_section(notification))
    parts.append("## Options of every run")
    parts.append(_parameters(RunOptions))
    return "\n\n".join(parts) + "\n"


def _section(notification: Notification) -> Iterator[str]:
    title, _, rest = notification.page.partition("\n")
    yield f"## {notification.name}"
    yield f"**{title}**\n{rest.rstrip()}"
    yield _table(("", ""), _facts(notification))
    if notification.parameters.model_fields:
        yield _parameters(notification.parameters)
    yield "\n".join(
        f"- reads `{item.name}`: {item.purpose}" for item in notification.queries.values()
    )
    if notification.changes:
        yield "\n".join(
            f"- changes `{item.name}`: {item.purpose}" for item in notification.changes.values()
        )


def _facts(notification: Notification) -> Iterator[tuple[str, str]]:
    is_scheduled = notification is not alert
    yield "when", f"`{notification.cron}` (cron, UTC)" if is_scheduled else "when there is need"
    yield "in time for", in_words(notification.in_time)
    yield "a run may take", f"{int(notification.deadline.total_seconds() // 60)} minutes"
    yield "answers for it", notification.office.replace("_", " ")
    yield "a mail in doubt", IN_DOUBT[notification.in_doubt]
    if notification.replaces:
        yield "before it", "the web application's command of the same name"


def _parameters(model: type[BaseModel]) -> str:
    rows = (
        (f"`{name}`", _default(field), _bounds(field.metadata), field.description or "")
        for name, field in model.model_fields.items()
    )
    return _table(("parameter", "default", "from, to", "meaning"), rows)


def _default(field: FieldInfo) -> str:
    default = field.get_default(call_default_factory=True)
    return f"`{default}`".lower() if default != "" else "empty"


def _bounds(metadata: Sequence[Any]) -> str:
    found = [getattr(item, name, None) for name in ("ge", "le") for item in metadata]
    return ", ".join(str(bound) for bound in found if bound is not None)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(catalogue(), encoding="utf-8")
    print(PAGE)
