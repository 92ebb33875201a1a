from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from m2s_orchestration.delivery.administration import Delivery
from m2s_orchestration.framework import story
from m2s_orchestration.framework.evaluation import Reading
from m2s_orchestration_tests.factories import club

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    id: int
    note: str | None


@dataclass(frozen=True)
class Rows:
    notes: tuple[Row, ...]
    others: tuple[Row, ...] = ()


def a_delivery(**changes: object) -> Delivery:
    fields: dict[str, object] = {
        "id": 7,
        "notification": "notify_something",
        "period": "2026-03-01",
        "recipient_key": "member:12",
        "variant": "",
        "address": "ann.lee@example.org",
        "state": "sent",
        "reason": "",
        "tries": 1,
        "reply_code": 250,
        "reply_text": "2.0.0 queued | as 4F2A",
        "message_id": "<abc@example.org>",
        "subject": "Hello",
        "sent_at": NOW,
        "changed_at": NOW,
        "tick": NOW,
    }
    return Delivery(**{**fields, **changes})  # type: ignore[arg-type]


def test_the_first_rows_of_each_query_are_shown_without_what_somebody_wrote() -> None:
    rows = Rows(tuple(Row(number, f"call Ann, 555-014{number}") for number in range(5)))
    reading = Reading(club=club(), rows=rows)

    shown = story.of_reading(reading)

    told = str(shown["the first rows"].value)
    assert "**notes**, 3 of 5" in told
    assert "| 2 | … |" in told
    assert "| 3 |" not in told
    assert "**others**: none" in told
    assert shown["notes"].value == 5


def test_each_delivery_is_shown_with_the_servers_answer_and_a_masked_address() -> None:
    shown = story.of_deliveries(
        [
            a_delivery(),
            a_delivery(
                id=8,
                state="skipped",
                address=None,
                reason="inactive",
                message_id=None,
                reply_code=None,
                reply_text=None,
                tries=0,
            ),
        ]
    )

    lines = str(shown["deliveries"].value).splitlines()
    assert lines[2] == (
        "| 7 | member:12 a***@example.org | 2026-03-01 | sent | 1"
        " | 250 2.0.0 queued \\| as 4F2A | `abc` |"
    )
    assert lines[3] == (
        "| 8 | member:12 no usable address | 2026-03-01 | skipped | 0 | inactive |  |"
    )


def test_an_occurrence_without_mail_has_no_table_of_it() -> None:
    assert story.of_deliveries([]) == {}


def test_the_seconds_of_each_step_are_figures() -> None:
    shown = story.of_effort(2.0, {"query": 0.12345, "email": 1.5}, (False, 0.0))

    assert (shown["query_seconds"].value, shown["email_seconds"].value) == (0.123, 1.5)
