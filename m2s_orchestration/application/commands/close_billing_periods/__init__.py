"""Months whose accounts are to be closed.

Every quarter of an hour the web application closes the months that are due by the club's billing
policy, and locks what is still open in them. It is the application's own command; this job starts
it.

- **Red:** the command ended with an error. What it had closed before stays closed; the next tick
  goes on.
- **Busy:** somebody else runs it, or a pod that was killed has left its lock, for five minutes at
  most.
"""

from __future__ import annotations

from datetime import timedelta

from m2s_orchestration.application.command import ApplicationCommand
from m2s_orchestration.framework.notification import Pod

command = ApplicationCommand(
    package=__name__,
    cron="*/15 * * * *",
    deadline=timedelta(minutes=5),
    pod=Pod(memory=("64Mi", "128Mi"), cpu=("50m", "100m")),
)
