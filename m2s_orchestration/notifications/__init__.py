"""What the club sends, in the order of the club's day."""

from __future__ import annotations

from m2s_orchestration.errors import UnknownNotification
from m2s_orchestration.framework import Notification
from m2s_orchestration.notifications import (
    expire_ad_hoc_days,
    notify_aging_logsheets,
    notify_late_sprs,
    report_duty_delinquents,
    send_duty_preop_emails,
    send_maintenance_digest,
)

NOTIFICATIONS: tuple[Notification, ...] = (
    expire_ad_hoc_days.notification,
    send_duty_preop_emails.notification,
    report_duty_delinquents.notification,
    notify_aging_logsheets.notification,
    send_maintenance_digest.notification,
    notify_late_sprs.notification,
)


def notification_named(name: str) -> Notification:
    """The notification of that name. Raises UnknownNotification, listing those there are."""
    for notification in NOTIFICATIONS:
        if notification.name == name:
            return notification
    known = ", ".join(item.name for item in NOTIFICATIONS)
    raise UnknownNotification(f"There is no notification {name!r}: the club has {known}.")
