"""Members who fly and do no duty.

On the first of the month the member managers receive the list of those who flew and did no duty,
so that they can talk to them.

- **Who is on it:** members of active status who joined more than `min_membership_months` months
  ago, flew `min_flights` times or more in the last `lookback_months` months, and did no duty in
  that time. The treasurer and members of one of the `exempt_statuses` are left out. Months are
  calendar months.
- **What counts:** only finalized logsheets. Duty is to be named on a sheet as duty officer,
  assistant, instructor or tow pilot, surge or not, or to have instructed or towed on one of its
  flights. To be on the roster is not duty done.
- **Who hears:** every member manager of active status, in a mail of their own. If none of them can
  be mailed, the operators (`OPERATORS_EMAIL`); without them the run fails. Nobody to report on: no
  mail.
- **In the application:** each member manager gets a notice, also without an address.
- **The run keeps** the list as a CSV file.
"""

from __future__ import annotations

from datetime import timedelta

from m2s_orchestration.framework import Notification, Predecessor
from m2s_orchestration.notifications.report_duty_delinquents.evaluate import (
    Parameters,
    evaluate,
    period_of,
)
from m2s_orchestration.notifications.report_duty_delinquents.rows import Rows

notification = Notification(
    package=__name__,
    cron="0 7 1 * *",
    office="member_managers",
    replaces=Predecessor(period_of=period_of),
    in_time=timedelta(days=10),
    deadline=timedelta(minutes=30),
    rows=Rows,
    evaluate=evaluate,
    parameters=Parameters,
)
