"""Dagster starts here: the job and the schedule of every notification, and what watches them."""

import dagster as dg

from m2s_orchestration.framework.definition import define
from m2s_orchestration.monitoring.missed_occurrences import build_sensor
from m2s_orchestration.notifications import NOTIFICATIONS

_defined = [define(notification) for notification in NOTIFICATIONS]

defs = dg.Definitions(
    jobs=[item.job for item in _defined],
    schedules=[item.schedule for item in _defined],
    sensors=[build_sensor(NOTIFICATIONS, [item.job for item in _defined])],
    assets=[item.asset for item in _defined],
)
