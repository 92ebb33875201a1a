"""What the club sends, in the order of the club's day."""

from __future__ import annotations

from m2s_orchestration.errors import UnknownNotification
from m2s_orchestration.framework.notification import Notification, declared_in

NAMES = (
    "expire_ad_hoc_days",
    "expire_past_swap_requests",
    "remind_open_swap_requests",
    "send_duty_preop_emails",
    "send_instructor_summary_emails",
    "report_duty_delinquents",
    "notify_pending_sprs",
    "notify_aging_logsheets",
    "send_maintenance_digest",
    "notify_late_sprs",
    "cleanup_old_notifications",
    "cleanup_approved_applications",
)

NOTIFICATIONS: tuple[Notification, ...] = tuple(
    declared_in(f"{__package__}.{name}") for name in NAMES
)


def notification_named(name: str) -> Notification:
    """The notification of that name. Raises UnknownNotification, listing those there are."""
    for notification in NOTIFICATIONS:
        if notification.name == name:
            return notification
    known = ", ".join(item.name for item in NOTIFICATIONS)
    raise UnknownNotification(f"There is no notification {name!r}: the club has {known}.")
