"""Swap requests whose duty day is over.

Every night the requests to swap a duty that nobody took in time are closed, and the people who were
waiting hear of it.

- **Which requests:** open ones of a day before the club's date.
- **What changes:** the request is `expired` and its pending offers are `auto_declined`, each if it
  still is what it was at that instant. If somebody was quicker, nothing changes and nobody is told.
- **Who hears:** who asked, that the request is closed; and whoever had offered to help, that the
  offer is not needed any more. Offers that were declined or withdrawn stay as they are.
- **Whom nobody can reach** is listed as passed over: the request is closed all the same, and there
  is nothing left to do for it.
"""

from __future__ import annotations

from datetime import timedelta

from m2s_orchestration.framework import Notification, Predecessor
from m2s_orchestration.notifications.expire_past_swap_requests.evaluate import evaluate
from m2s_orchestration.notifications.expire_past_swap_requests.rows import Rows

notification = Notification(
    package=__name__,
    cron="10 3 * * *",
    office="rostermeisters",
    replaces=Predecessor(),
    in_time=timedelta(hours=20),
    deadline=timedelta(minutes=5),
    rows=Rows,
    evaluate=evaluate,
)
