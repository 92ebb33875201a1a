"""The web application's commands that run on a schedule, in the order of its CronJobs."""

from __future__ import annotations

from m2s_orchestration.application.command import ApplicationCommand
from m2s_orchestration.application.commands import (
    close_billing_periods,
    process_finalization_email_outbox,
    process_stats_dump_outbox,
)

COMMANDS: tuple[ApplicationCommand, ...] = (
    close_billing_periods.command,
    process_finalization_email_outbox.command,
    process_stats_dump_outbox.command,
)
