"""What a person may set for a run: a notification's own parameters and those that every job has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from m2s_orchestration.errors import BadParameter

Model = TypeVar("Model", bound=BaseModel)


def _iso_date(text: str) -> str:
    try:
        is_one = date.fromisoformat(text).isoformat() == text
    except ValueError:
        is_one = not text
    if not is_one:
        raise ValueError("not a date; write it as YYYY-MM-DD, such as 2026-03-02")
    return text


# A date as a person writes it, or nothing at all.
IsoDate = Annotated[str, AfterValidator(_iso_date)]


class Parameters(BaseModel):
    """A notification's parameters; each has a default and a description."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class RunOptions(BaseModel):
    """What every run may be told."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    dry_run: bool = Field(
        default=False,
        description="Rehearse: show every message and record and send nothing.",
    )
    force: bool = Field(
        default=False,
        description="Run although somebody else holds the lease. What is sent is never sent again.",
    )
    send_late: bool = Field(
        default=False,
        description="Send although the occurrence is too old to be in time. Without it an old"
        " partition or as_of is only rehearsed.",
    )
    as_of: str = Field(
        default="",
        description="The moment to look at the club from, ISO 8601 with a zone, such as"
        " 2026-03-02T08:00:00Z. Empty: the partition, or else the latest tick of the schedule.",
    )
    wait: int = Field(
        default=-1,
        ge=-1,
        le=3600,
        description="Seconds to wait for the lease if somebody else holds it. -1: 90 for a"
        " scheduled run, none for one started by hand.",
    )


def checked(model: type[Model], values: Mapping[str, object]) -> Model:
    """The model with these values. Raises BadParameter, naming each bad one and its value."""
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        told = "; ".join(
            _told(fault["loc"], fault["msg"], fault.get("input"), model) for fault in error.errors()
        )
        raise BadParameter(told + ".") from error


def _told(place: tuple[int | str, ...], fault: str, value: object, model: type[BaseModel]) -> str:
    name = ".".join(str(part) for part in place)
    if place and place[0] not in model.model_fields:
        known = ", ".join(model.model_fields) or "none"
        return f"There is no parameter {name!r}: the known ones are {known}"
    fault = fault.removeprefix("Value error, ")
    return f"The parameter {name} is {value!r}: {fault[0].lower()}{fault[1:]}"


def parse_assignments(assignments: Iterable[str]) -> dict[str, object]:
    """`name=value` as typed on a command line, the value read as YAML. Raises BadParameter."""
    values: dict[str, object] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals or not name.strip():
            raise BadParameter(f"{assignment!r} is not an assignment: write name=value.")
        try:
            value = yaml.safe_load(text)
        except ValueError:
            value = text.strip()  # it looks like a date, and is none
        except yaml.YAMLError as error:
            raise BadParameter(f"The value of {name.strip()} cannot be read: {text!r}.") from error
        # YAML has a type for dates and Dagster's run config has none: they stay as typed.
        values[name.strip()] = text.strip() if isinstance(value, date) else value
    return values
