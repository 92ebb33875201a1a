"""Dagster starts here: notifications, what watches them, the application's own commands, icons."""

import dagster as dg

from m2s_orchestration.application import definition as application
from m2s_orchestration.application.commands import COMMANDS
from m2s_orchestration.framework.definition import define
from m2s_orchestration.icons import definition as icons
from m2s_orchestration.monitoring.missed_occurrences import build_sensor
from m2s_orchestration.notifications import NOTIFICATIONS

_notifications = [define(notification) for notification in NOTIFICATIONS]
_defined = [*_notifications, *map(application.define, COMMANDS)]
_icons = icons.build_job()

defs = dg.Definitions(
    jobs=[*(item.job for item in _defined), _icons],
    schedules=[item.schedule for item in _defined],
    sensors=[
        build_sensor(NOTIFICATIONS, [item.job for item in _notifications]),
        icons.build_sensor(_icons),
    ],
    assets=[*(item.asset for item in _defined), icons.build_asset()],
)
