"""Who wants to fly with the instructors two days from now.

Two days before a flying day its instructors hear who asked for instruction, how far each student
has come, and which requests wait for an answer, while there is time to give one.

- **Which day:** the day that the club's clock shows `hours_ahead` from the occurrence, scheduled or
  confirmed outside the schedule; a run can be told another one, `target_date`. On a day of changing
  clocks no day is left out or told twice.
- **Who hears:** the instructor and the surge instructor, in a mail each, with the same list; also
  that nobody has asked yet.
- **What they read of a student:** where the request stands, lessons and progress, flights in the
  club's logs, and how to reach them. Who asked that their contact be kept back is listed without.
- **Nobody to tell:** the operators hear of a day none of whose instructors can be mailed.
"""

from __future__ import annotations

from datetime import timedelta

from m2s_orchestration.framework import Notification, Predecessor
from m2s_orchestration.notifications.send_instructor_summary_emails.evaluate import (
    Parameters,
    evaluate,
)
from m2s_orchestration.notifications.send_instructor_summary_emails.rows import Rows

notification = Notification(
    package=__name__,
    cron="0 6 * * *",
    office="instructors",
    replaces=Predecessor(),
    in_time=timedelta(hours=20),
    deadline=timedelta(minutes=10),
    rows=Rows,
    evaluate=evaluate,
    parameters=Parameters,
)
