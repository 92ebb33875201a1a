"""Summaries of flying days whose logsheet was finalized.

Every ten minutes the web application mails the members the summaries that wait in its outbox. It is
the application's own command, with the application's own promises; this job starts it.

- **Red:** the command ended with an error, or a summary could not be delivered, or summaries waited
  and none was touched. The command says 0 also then; its outbox tells.
- **In this mail nothing is exactly once:** if one address of several fails, the next run mails the
  others again. Mend the address, or set up the members' list.
- **Busy:** somebody else runs it, or a pod that was killed has left its lock, for ten minutes at
  most.
- **Never with `--dry-run`:** the command mails all the same.
"""

from __future__ import annotations

from datetime import timedelta

from m2s_orchestration.application.command import ApplicationCommand
from m2s_orchestration.framework.notification import Pod

command = ApplicationCommand(
    package=__name__,
    cron="*/10 * * * *",
    deadline=timedelta(minutes=10),
    pod=Pod(memory=("64Mi", "128Mi"), cpu=("50m", "100m")),
    arguments=("--limit=200",),
    has_outbox=True,
)
