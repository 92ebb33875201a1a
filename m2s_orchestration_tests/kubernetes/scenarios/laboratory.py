"""A code location in which a tick really comes: one notification is due each minute."""

from __future__ import annotations

from dataclasses import replace

import dagster as dg

from m2s_orchestration.framework.definition import define
from m2s_orchestration.notifications import NOTIFICATIONS

EACH_MINUTE = "notify_aging_logsheets"

_defined = [
    define(replace(declared, cron="* * * * *") if declared.name == EACH_MINUTE else declared)
    for declared in NOTIFICATIONS
]

defs = dg.Definitions(
    jobs=[item.job for item in _defined],
    schedules=[item.schedule for item in _defined],
    assets=[item.asset for item in _defined],
)
