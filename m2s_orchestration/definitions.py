"""Dagster starts here: notifications, what watches them, the application's own commands, icons."""

import dagster as dg

from m2s_orchestration.administration import deliveries, locks, rehearsal
from m2s_orchestration.application import definition as application
from m2s_orchestration.application.commands import COMMANDS
from m2s_orchestration.framework.club_clock import ClubClock
from m2s_orchestration.framework.definition import define
from m2s_orchestration.framework.job import build_job
from m2s_orchestration.icons import definition as icons
from m2s_orchestration.monitoring import alerts, health, missed_occurrences
from m2s_orchestration.monitoring.alert_operators import notification as alert
from m2s_orchestration.notifications import NOTIFICATIONS

_clock = ClubClock()
_notifications = [define(notification, _clock) for notification in NOTIFICATIONS]
_defined = [*_notifications, *map(application.define, COMMANDS)]
_icons = icons.build_job()
_alert = build_job(alert, has_partitions=False)
_watched = alerts.Watched(NOTIFICATIONS, [command.name for command in COMMANDS])

defs = dg.Definitions(
    asset_checks=health.build_checks(NOTIFICATIONS),
    jobs=[
        *(item.job for item in _defined),
        _icons,
        _alert,
        *locks.JOBS,
        *deliveries.JOBS,
        *rehearsal.JOBS,
    ],
    schedules=[item.schedule for item in _defined],
    sensors=[
        missed_occurrences.build_sensor(NOTIFICATIONS, [item.job for item in _notifications]),
        alerts.build_sensor(_watched, _alert),
        icons.build_sensor(_icons),
        health.build_sensor(NOTIFICATIONS),
    ],
    assets=[
        *(item.asset for item in _defined),
        icons.build_asset(),
        alerts.build_asset(),
        health.build_asset(),
    ],
)
