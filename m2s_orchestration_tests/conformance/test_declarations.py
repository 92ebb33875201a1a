"""Parameters are validated, pages complete, pods declared, and statements take bound values."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from kubernetes.utils import parse_quantity

from m2s_orchestration.errors import BadParameter
from m2s_orchestration.framework import Notification
from m2s_orchestration.framework.definition import define
from m2s_orchestration.framework.parameters import checked
from m2s_orchestration.framework.pod import run_tags
from m2s_orchestration.postgres import Statement
from m2s_orchestration_tests.conformance.lives import every_notification

BOUND = re.compile(r"%\(([a-z_]+)\)s")
ALWAYS_BOUND = {"as_of", "club_date", "first_date", "time_zone"}


@every_notification
def test_its_defaults_are_lawful_and_nothing_else_is_known(notification: Notification) -> None:
    assert checked(notification.parameters, {}) == notification.parameters()
    with pytest.raises(BadParameter, match="no parameter 'no_such_thing'"):
        checked(notification.parameters, {"no_such_thing": 1})


@every_notification
def test_each_parameter_refuses_what_it_is_not_and_says_its_name(
    notification: Notification,
) -> None:
    for name, field in notification.parameters.model_fields.items():
        for wrong in (object(), *_beyond(field.metadata), *_no_date(field.annotation, field)):
            with pytest.raises(BadParameter, match=name):
                checked(notification.parameters, {name: wrong})


def _beyond(metadata: list[Any]) -> list[int]:
    """The values just outside the bounds."""
    lowest = [item.ge - 1 for item in metadata if hasattr(item, "ge")]
    return lowest + [item.le + 1 for item in metadata if hasattr(item, "le")]


def _no_date(kind: object, field: Any) -> list[str]:
    """Words, for a text that has to be a date."""
    return ["2026-13-01", "tomorrow"] if kind is str and "date" in str(field) else []


@every_notification
def test_a_number_has_bounds_on_both_sides(notification: Notification) -> None:
    for name, field in notification.parameters.model_fields.items():
        if field.annotation is int:
            assert len(_beyond(field.metadata)) == 2, name


@every_notification
def test_its_page_says_what_when_and_to_whom(notification: Notification) -> None:
    title, blank, *rest = notification.page.splitlines()
    body = "\n".join(rest)
    assert title.endswith(".")
    assert len(title) <= 72
    assert blank == ""
    assert len(re.findall(r"^- \*\*[^*]+:\*\* ", body, re.MULTILINE)) >= 2
    named = (name for name in notification.parameters.model_fields if name != "target_date")
    assert [name for name in named if f"`{name}`" not in body] == []


@every_notification
def test_the_ui_shows_the_page_at_the_job_the_schedule_and_every_step(
    notification: Notification,
) -> None:
    defined = define(notification)
    assert notification.page in (defined.job.description or "")
    assert defined.schedule.description
    assert [node.name for node in defined.job.graph.nodes if not node.definition.description] == []
    assert defined.schedule.default_status.value == "STOPPED"


@every_notification
def test_its_pod_is_declared_and_asks_for_no_more_than_it_may_have(
    notification: Notification,
) -> None:
    config = json.loads(run_tags(notification)["dagster-k8s/config"])
    resources = config["container_config"]["resources"]
    for kind in ("memory", "cpu"):
        asked = parse_quantity(resources["requests"][kind])
        assert 0 < asked <= parse_quantity(resources["limits"][kind])
    seconds = config["job_spec_config"]["active_deadline_seconds"]
    assert seconds > notification.deadline.total_seconds() > 0


def _statements(notification: Notification) -> list[Statement]:
    return [*notification.queries.values(), *notification.changes.values()]


@every_notification
def test_its_statements_take_values_by_binds_that_a_run_knows(notification: Notification) -> None:
    known = ALWAYS_BOUND | notification.parameters.model_fields.keys()
    for statement in notification.queries.values():
        assert set(BOUND.findall(statement.text)) <= known, statement.name
    for statement in _statements(notification):
        assert "%" not in BOUND.sub("", statement.text).replace("%%", ""), statement.name
        assert "{" not in re.sub(r"'[^']*'", "", statement.text), statement.name


@every_notification
def test_what_changes_the_club_is_conditional_and_says_whether_it_did(
    notification: Notification,
) -> None:
    for statement in _statements(notification):
        words = statement.text.upper()
        if re.search(r"\b(UPDATE|DELETE FROM|INSERT INTO)\b", words):
            assert "WHERE" in words, statement.name
            assert "RETURNING" in words, statement.name
