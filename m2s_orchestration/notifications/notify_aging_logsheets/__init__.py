"""Logsheets that wait to be finalized.

Every morning, whoever is responsible for a flying day whose logsheet has been open for a week or
longer hears of it, until it is finalized: flights can neither be reported nor billed before.

- **Which sheets:** not finalized, and `days` old or older. A sheet's age is the club's date less
  its `log_date`; a sheet of exactly `days` days is aging.
- **Who hears:** the duty officer and the assistant. If neither can be mailed, whoever created the
  sheet. If nobody can, the operators hear that the sheet has nobody to tell.
- **What they read:** one mail for each person, with every sheet of theirs once, oldest first.
- **In the application:** each of these people keeps one open notice, also without an address. It
  is refreshed when the number of sheets grows, and dismissed when none is left.
"""

from __future__ import annotations

from datetime import timedelta

from m2s_orchestration.framework import Notification, Predecessor
from m2s_orchestration.notifications.notify_aging_logsheets.evaluate import Parameters, evaluate
from m2s_orchestration.notifications.notify_aging_logsheets.rows import Rows

notification = Notification(
    package=__name__,
    cron="0 8 * * *",
    office="duty_officers",
    replaces=Predecessor(),
    in_time=timedelta(hours=20),
    deadline=timedelta(minutes=15),
    rows=Rows,
    evaluate=evaluate,
    parameters=Parameters,
)
