"""Student progress reports that are still to be written.

Every morning instructors hear of the latest flying day that they have not reported yet, while the
lessons are fresh in their minds. What stays unwritten for a week is a matter of *notify_late_sprs*.

- **Which reports:** a student flew with an instructor on a finalized logsheet, before the club's
  date and at most `max_days` days ago, and there is no report by that instructor about that
  student and day. However many flights they made, it is one report.
- **Who hears:** the instructor, of the newest such day that they were not reminded of yet; of an
  older one on the next morning. A run can be told the day: `flight_date`, or else `days_ago`.
- **Once:** nobody is reminded of the same student and day twice. Students who come to it later,
  because another logsheet of the day was finalized, are told of in one more mail.
- **Whom the web application reminded of a day**, as its notices show, is not reminded of it here.
- **In the application:** a notice for each reminder, also without an address.
- **Nobody to tell:** the operators hear of a day whose instructor cannot be mailed, once.
"""

from __future__ import annotations

from datetime import timedelta

from m2s_orchestration.framework import Notification, Predecessor
from m2s_orchestration.notifications.notify_pending_sprs.evaluate import Parameters, evaluate
from m2s_orchestration.notifications.notify_pending_sprs.rows import Rows

notification = Notification(
    package=__name__,
    cron="0 7 * * *",
    office="instructors",
    replaces=Predecessor(),
    in_time=timedelta(hours=20),
    deadline=timedelta(minutes=10),
    rows=Rows,
    evaluate=evaluate,
    parameters=Parameters,
)
