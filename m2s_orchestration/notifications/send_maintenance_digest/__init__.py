"""What is open on the club's aircraft.

Every Sunday the aircraft meisters hear which maintenance issues of their aircraft are still open,
and which of the rest of the fleet.

- **Which issues:** those that are not resolved, however old.
- **Who hears:** the meisters of every aircraft that has one. An issue of both a glider and a
  towplane reaches the meisters of both; an issue without an aircraft is listed as *Unassigned*.
- **What they read:** one mail for each person, their own aircraft first, then the others; in each
  part what is grounded first, the oldest report first.
- **Nobody to tell:** the operators hear of every grounded aircraft none of whose meisters can be
  mailed, and of all the others too if nobody at all can be.
- **Once a week:** a run by hand later in the week reaches whoever was not yet told in it.
"""

from __future__ import annotations

from datetime import timedelta

from m2s_orchestration.framework import Notification, Predecessor
from m2s_orchestration.notifications.send_maintenance_digest.evaluate import evaluate
from m2s_orchestration.notifications.send_maintenance_digest.rows import Rows

notification = Notification(
    package=__name__,
    cron="0 9 * * 0",
    office="aircraft_meisters",
    replaces=Predecessor(takes_lock=False),
    in_time=timedelta(days=3),
    deadline=timedelta(minutes=10),
    rows=Rows,
    evaluate=evaluate,
)
