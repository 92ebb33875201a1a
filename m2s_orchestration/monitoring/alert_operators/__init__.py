"""Tells the operators what went wrong.

When an occurrence failed, was not decided in time or was missed, and when it has stayed unknown for
an hour whether some of its mail arrived, `OPERATORS_EMAIL` hears of it.

- **How often:** once an occurrence, however many runs try it; a mail in doubt is told once more.
- **What they read:** what happened, what was sent and what was not, the run's page, and the command
  that mends it.
- **Who starts it:** the sensor `operators_alerts`, within a minute or two. It is sent through the
  ledger like any other mail. If the mail server's answer to an alert is lost, it is sent once more:
  to be told twice is better than not at all.
"""

from __future__ import annotations

from datetime import timedelta

from m2s_orchestration.framework import Notification
from m2s_orchestration.monitoring.alert_operators.evaluate import evaluate
from m2s_orchestration.monitoring.alert_operators.rows import Rows

notification = Notification(
    package=__name__,
    # It has no schedule: what a run is about is the minute in which it is asked for.
    cron="* * * * *",
    office="webmasters",
    in_time=timedelta(days=2),
    deadline=timedelta(minutes=5),
    rows=Rows,
    evaluate=evaluate,
    in_doubt="resend_same_bytes",
)
