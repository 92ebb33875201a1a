"""What a run was asked for, checked before anything is read or sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from m2s_orchestration.errors import BadParameter
from m2s_orchestration.framework.notification import Notification
from m2s_orchestration.framework.occurrence import Occurrence, parse_key, parse_moment
from m2s_orchestration.framework.parameters import Parameters, RunOptions, checked

# Longer than a dead holder's term, so that the run after it finds the lease free.
SCHEDULED_WAIT = timedelta(seconds=90)
# Clocks differ a little; a moment further ahead than this lies in the future.
AHEAD = timedelta(minutes=5)


@dataclass(frozen=True)
class Request:
    """The occurrence, its parameters, how long to wait for the lease, until when mail may go."""

    occurrence: Occurrence
    parameters: Parameters
    options: RunOptions
    wait: timedelta
    due_until: datetime
    is_late: bool

    @classmethod
    def parse(
        cls,
        notification: Notification,
        values: Mapping[str, object],
        *,
        partition: str | None,
        waits: bool,
        now: datetime,
    ) -> Request:
        """From a run's flat config. Raises BadParameter, naming what is wrong."""
        common = {name: values[name] for name in RunOptions.model_fields.keys() & values.keys()}
        own = {name: value for name, value in values.items() if name not in common}
        options = checked(RunOptions, common)
        occurrence = _occurrence(notification, options, partition, now)
        usual = SCHEDULED_WAIT if waits else timedelta(0)
        # Who names no occurrence means the latest one, and now.
        is_chosen = bool(options.as_of or partition)
        is_late = now > occurrence.moment + notification.in_time
        counts_from = now if options.send_late or not is_chosen else occurrence.moment
        return cls(
            occurrence=occurrence,
            parameters=checked(notification.parameters, own),
            options=options,
            wait=usual if options.wait < 0 else timedelta(seconds=options.wait),
            due_until=counts_from + notification.in_time,
            is_late=is_late and is_chosen and not options.send_late,
        )


def _occurrence(
    notification: Notification, options: RunOptions, partition: str | None, now: datetime
) -> Occurrence:
    if options.as_of:
        moment = parse_moment(options.as_of)
    elif partition:
        moment = parse_key(partition)
    else:
        return notification.latest_occurrence(now)
    if moment > now + AHEAD and not options.dry_run:
        raise BadParameter(
            f"{moment:%Y-%m-%d %H:%M} UTC lies in the future: only a rehearsal (dry_run) looks"
            " ahead."
        )
    return notification.occurrence_at(moment)
