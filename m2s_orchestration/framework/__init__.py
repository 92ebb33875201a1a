"""Declare a notification once; its job, schedule, lease, ledger and page follow.

These are the names that the people who write notifications use.
"""

from m2s_orchestration.club.club import Club
from m2s_orchestration.club.member import Member
from m2s_orchestration.framework.decision import (
    Artifact,
    Change,
    Decision,
    Message,
    Notice,
    PassedOver,
    Recipient,
    Untold,
)
from m2s_orchestration.framework.notification import Notification, Pod, Predecessor
from m2s_orchestration.framework.occurrence import Occurrence
from m2s_orchestration.framework.parameters import IsoDate, Parameters

__all__ = [
    "Artifact",
    "Change",
    "Club",
    "Decision",
    "IsoDate",
    "Member",
    "Message",
    "Notice",
    "Notification",
    "Occurrence",
    "Parameters",
    "PassedOver",
    "Pod",
    "Predecessor",
    "Recipient",
    "Untold",
]
