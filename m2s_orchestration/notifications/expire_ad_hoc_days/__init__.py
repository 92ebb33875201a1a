"""Extra flying days that found no crew.

A day outside the schedule takes place if its crew confirms it. On the evening before, or at
whatever hour of the club the schedule's tick falls, a day that nobody confirmed is cancelled, and
the members hear of it before they set out.

- **Which days:** neither scheduled nor confirmed, up to and with the next operating morning: the
  first 08:00 in the club after the occurrence. A day that an earlier run missed is cancelled too.
- **What changes:** the day is deleted with its role rows and instruction requests, if it is still
  unconfirmed at that instant. If its crew was quicker, it stays and nobody is told anything.
  What members planned or reserved for that date stays as it is.
- **Who hears:** the members' mailing list; and each student whose request falls away, in a mail of
  their own, whether it was pending, confirmed or on the waiting list.
- **A day that is over** in the club is cancelled quietly: that it did not take place is no news.
  Who would have been told is listed as passed over.
- **Nobody to tell:** a club without a mailing list; the operators hear of the cancelled day.
"""

from __future__ import annotations

from datetime import timedelta

from m2s_orchestration.framework import Notification, Predecessor
from m2s_orchestration.notifications.expire_ad_hoc_days.evaluate import evaluate
from m2s_orchestration.notifications.expire_ad_hoc_days.rows import Rows

notification = Notification(
    package=__name__,
    cron="0 3 * * *",
    office="rostermeisters",
    replaces=Predecessor(),
    in_time=timedelta(hours=20),
    deadline=timedelta(minutes=5),
    rows=Rows,
    evaluate=evaluate,
)
