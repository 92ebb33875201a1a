"""Old notices on the members' pages are thrown away.

Once a month the notices in the application that are older than `days` days are deleted. It sends
nothing to anybody.

- **Which notices:** every one that was made before that moment: read or not, dismissed or not.
- **What changes:** they are deleted, a thousand at a time. A notice that was refreshed meanwhile is
  not old any more and stays.
- **What it does not touch:** the ledger. Nobody is told twice because a notice is gone, except
  where the web application's own notices are the only proof: those of pending progress reports
  count for 30 days, and nothing younger is ever deleted.
"""

from __future__ import annotations

from datetime import timedelta

from m2s_orchestration.framework import Notification, Predecessor
from m2s_orchestration.notifications.cleanup_old_notifications.evaluate import (
    Parameters,
    evaluate,
)
from m2s_orchestration.notifications.cleanup_old_notifications.rows import Rows

notification = Notification(
    package=__name__,
    cron="59 23 28 * *",
    office="webmasters",
    replaces=Predecessor(),
    in_time=timedelta(days=10),
    deadline=timedelta(minutes=30),
    rows=Rows,
    evaluate=evaluate,
    parameters=Parameters,
)
