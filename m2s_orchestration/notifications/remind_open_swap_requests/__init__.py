"""Swap requests that nobody has taken yet.

Every night the club is reminded of duties that somebody would swap and that nobody has taken, more
urgently the nearer the day is.

- **Which requests:** open ones of a day up to two weeks ahead.
- **How often:** when the days left have reached 14, 7, 3 and 1, once each. A night that was missed
  is made up for on the next one, and a request that is made late is told of at once.
- **Who hears:** whoever may take the duty, or the one person who was asked directly; who asked; and
  the rostermeisters. Whoever has offered already is left in peace, unless the offer was withdrawn.
- **Who may take it:** members whose page has the duty's mark; for a duty of the club's own, those
  with all the qualifications that it requires, which must not have expired by the club's date.
- **Nobody to tell:** the operators hear of a request none of whose readers can be mailed.
"""

from __future__ import annotations

from datetime import timedelta

from m2s_orchestration.framework import Notification, Predecessor
from m2s_orchestration.notifications.remind_open_swap_requests.evaluate import evaluate
from m2s_orchestration.notifications.remind_open_swap_requests.rows import Rows

notification = Notification(
    package=__name__,
    cron="20 3 * * *",
    office="rostermeisters",
    replaces=Predecessor(),
    in_time=timedelta(hours=20),
    deadline=timedelta(minutes=15),
    rows=Rows,
    evaluate=evaluate,
)
