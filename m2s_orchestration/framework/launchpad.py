"""From a declaration to the flat config of its job, as the Launchpad shows it."""

from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

import dagster as dg
from pydantic.fields import FieldInfo

from m2s_orchestration.framework.notification import Notification
from m2s_orchestration.framework.parameters import RunOptions


def flat_config(notification: Notification, log_level: str) -> dg.ConfigMapping:
    """The notification's parameters and the options of every run, each with its description."""
    fields = {**notification.parameters.model_fields, **RunOptions.model_fields}

    def place(values: Mapping[str, Any]) -> Mapping[str, Any]:
        return {
            "resources": {"run_in_hand": {"config": {"values": dict(values)}}},
            # Dagster's own steps are in the run's page; the console shows what a person needs.
            "loggers": {"console": {"config": {"log_level": log_level}}},
        }

    return dg.ConfigMapping(
        config_schema={name: config_field(field) for name, field in fields.items()},
        config_fn=place,
    )


def config_field(field: FieldInfo) -> dg.Field:
    """A field as the Launchpad shows it; one without a default has to be filled in."""
    kind = _config_type(field.annotation)
    if field.is_required():
        return dg.Field(kind, description=field.description)
    default = field.get_default(call_default_factory=True)
    # What an empty or a negative one means is in the description.
    told = f" Default: {str(default).lower()}." if default not in ("", -1) else ""
    return dg.Field(
        kind,
        is_required=False,
        default_value=default,
        description=f"{field.description or ''}{told}",
    )


def _config_type(annotation: Any) -> Any:
    if get_origin(annotation) is Literal:
        words = get_args(annotation)
        return dg.Enum("_or_".join(words), [dg.EnumValue(word) for word in words])
    if get_origin(annotation) is list:
        return dg.Array(get_args(annotation)[0])
    if get_origin(annotation) is dict:
        key, value = get_args(annotation)
        return {key: _config_type(value)}
    return annotation
