"""A code location for the laboratory: one of the club's notifications, due whenever it is told."""

from __future__ import annotations

import os
from dataclasses import replace

import dagster as dg

from m2s_orchestration.framework.definition import define
from m2s_orchestration.monitoring.missed_occurrences import build_sensor
from m2s_orchestration.notifications import notify_aging_logsheets

CRON = "LABORATORY_CRON"

NOTIFICATION = replace(notify_aging_logsheets.notification, cron=os.environ.get(CRON, "* * * * *"))

_defined = define(NOTIFICATION)

defs = dg.Definitions(
    jobs=[_defined.job],
    schedules=[_defined.schedule],
    sensors=[build_sensor([NOTIFICATION], [_defined.job])],
    assets=[_defined.asset],
)
