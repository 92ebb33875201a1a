"""The briefing for the next flying day.

In the night before a flying day the crew is told what awaits it, and whoever signed up to fly is
told who will be there.

- **Which day:** the one after the club's date. Where the clocks change, a date may have no
  occurrence of its own or two of them: no day is left out, and none is told of twice.
  `target_date` names any other day. Days that are neither scheduled nor confirmed are left out.
- **The crew:** everybody named in the assignment or in a role row of it, the commercial pilot and
  the club's own roles too. One mail for each, with every role of theirs and a calendar file for
  each role.
- **Who flies:** students, who means to fly, and who reserved a glider; one mail for each address,
  with a calendar file. Who is on the crew gets the crew's mail only.
- **What they read:** crew, students, reservations, plans, grounded aircraft, and maintenance
  deadlines that have passed or come within 30 days. The crew sees the state of every student's
  request; the others see the confirmed students only, and each the state of their own request.
- **Nobody of the crew can be mailed:** the operators hear of it. Who flies is told all the same.
- **In doubt** whether the mail server took a mail, it is sent once more, the same to the letter: a
  duty pilot who is not told does not come.
"""

from __future__ import annotations

from datetime import timedelta

from m2s_orchestration.framework import Notification, Predecessor
from m2s_orchestration.notifications.send_duty_preop_emails.evaluate import Parameters, evaluate
from m2s_orchestration.notifications.send_duty_preop_emails.rows import Rows

notification = Notification(
    package=__name__,
    cron="0 6 * * *",
    office="rostermeisters",
    replaces=Predecessor(takes_lock=False),
    in_time=timedelta(hours=20),
    deadline=timedelta(minutes=10),
    rows=Rows,
    evaluate=evaluate,
    parameters=Parameters,
    in_doubt="resend_same_bytes",
)
