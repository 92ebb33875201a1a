"""Student progress reports that are overdue.

Every Monday, instructors who still owe a student the report of a flying day hear of it, more
urgently the longer it is due. The student learns from it, and the next instructor relies on it.

- **Which reports:** a student flew with an instructor on a finalized logsheet, a week to `max_days`
  days ago, and there is no report by that instructor about that student and day. Each instructor,
  student and day counts once, however many flights they made. Age is counted in the club's dates.
- **How urgent:** a notice from 7 days on, a reminder from 14, a warning from 21, urgent from 25,
  final from 30. A mail is as urgent as the oldest report in it.
- **Who hears:** the instructor, in one mail with every report, the oldest first. If the instructor
  cannot be mailed, the operators hear that there is nobody to tell.
- **Copies:** none by default. `escalation_cc` names the offices whose holders are to know, level by
  level, such as `{FINAL: [director]}`: each holder gets one copy about everybody whose mail has a
  report of that level, and nobody gets a copy about themselves.
- **In the application:** each of the instructors keeps one open notice, also without an address.
  The web application dismisses it when the last missing report is saved.
"""

from __future__ import annotations

from datetime import timedelta

from m2s_orchestration.framework import Notification, Predecessor
from m2s_orchestration.notifications.notify_late_sprs.evaluate import evaluate, period_of
from m2s_orchestration.notifications.notify_late_sprs.parameters import Parameters
from m2s_orchestration.notifications.notify_late_sprs.rows import Rows

notification = Notification(
    package=__name__,
    cron="0 10 * * 1",
    office="instructors",
    replaces=Predecessor(period_of=period_of),
    in_time=timedelta(days=3),
    deadline=timedelta(minutes=20),
    rows=Rows,
    evaluate=evaluate,
    parameters=Parameters,
)
