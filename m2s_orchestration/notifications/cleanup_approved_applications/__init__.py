"""Approved membership applications are thrown away after a year.

On New Year's Eve the applications that were approved more than a year ago are deleted: whoever
wrote them is a member, and what they told the club of themselves is not to be kept for ever. It
sends nothing to anybody.

- **Which applications:** status `approved`, reviewed more than 365 days before. All others stay.
- **What changes:** they are deleted, in one statement. The members stay as they are.
- **What the run shows:** how many and their numbers, never names.
"""

from __future__ import annotations

from datetime import timedelta

from m2s_orchestration.framework import Notification, Predecessor
from m2s_orchestration.notifications.cleanup_approved_applications.evaluate import evaluate
from m2s_orchestration.notifications.cleanup_approved_applications.rows import Rows

notification = Notification(
    package=__name__,
    cron="30 23 31 12 *",
    office="member_managers",
    replaces=Predecessor(),
    in_time=timedelta(days=10),
    deadline=timedelta(minutes=60),
    rows=Rows,
    evaluate=evaluate,
)
