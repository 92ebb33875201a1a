"""Files of all flights that members have asked for.

Every ten minutes the web application writes the files that wait in its outbox. It is the
application's own command; this job starts it.

- **Red:** the command ended with an error, or a file could not be written, or files waited and none
  was touched. The command says 0 also then; its outbox tells.
- **Given up:** after five tries the command leaves a file alone; only this job's figures tell.
- **Busy:** somebody else runs it, or a pod that was killed has left its lock, for twenty minutes at
  most.
- **Never with `--dry-run`:** the command writes all the same.
"""

from __future__ import annotations

from datetime import timedelta

from m2s_orchestration.application.command import ApplicationCommand
from m2s_orchestration.framework.notification import Pod

command = ApplicationCommand(
    package=__name__,
    cron="*/10 * * * *",
    deadline=timedelta(minutes=20),
    pod=Pod(memory=("128Mi", "256Mi"), cpu=("100m", "200m")),
    arguments=("--limit=20",),
    has_outbox=True,
)
