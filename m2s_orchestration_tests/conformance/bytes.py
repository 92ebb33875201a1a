"""Prints a digest of every mail of the demo day: `python -m … CONNINFO`.

In a process of its own, so that the order of sets, which differs from process to process, would
show.
"""

from __future__ import annotations

import hashlib
import sys
from datetime import UTC, datetime

from m2s_orchestration.framework.planning import render_messages
from m2s_orchestration.notifications import NOTIFICATIONS
from m2s_orchestration_tests.conformance.lives import run_of, settings

DATED = datetime(2026, 3, 1, 12, tzinfo=UTC)


def main() -> None:
    """One line for each mail: the notification, the reader, the digest."""
    environment = settings(sys.argv[1])
    for notification in NOTIFICATIONS:
        with run_of(notification, environment, dry_run=True) as run:
            occurrence, evaluation = run.request.occurrence, run.evaluation
            made = render_messages(notification, occurrence, evaluation, environment, dated=DATED)
        for item in made.messages:
            digest = hashlib.sha256(item.mail.content).hexdigest()
            print(notification.name, item.mail.recipient_key, digest)


if __name__ == "__main__":
    main()
