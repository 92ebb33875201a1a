from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m2s_orchestration.errors import (
    MessageDeferred,
    MessageRefused,
    OutcomeUnknown,
    ServerRefusedUs,
    ServerUnavailable,
)
from m2s_orchestration.mail.replies import KEPT_TEXT, Stage, fault, judge

STAGES: tuple[Stage, ...] = get_args(Stage)
MEANINGS = {
    ".": None,
    "A": ServerUnavailable,
    "U": ServerRefusedUs,
    "L": MessageDeferred,
    "N": MessageRefused,
    "?": OutcomeUnknown,
}
CODES = (None, 220, 250, 334, 354, 421, 450, 451, 452, 454, 530, 535, 550, 552, 554)
TABLE = {
    "connect": "A..AAAAAAAAAAAA",
    "helo": "A..AAAAAAAAAAAA",
    "tls": "A..AAAAAAAAAAAA",
    "idle": "A..AAAAAAAAAAAA",
    "login": "A..AAAAAAAUUUUU",
    "sender": "A..AAAAALAUUUNU",
    "recipient": "A..AAALLLAUUNLN",
    "data": "AAA..ALLLAUUNNN",
    "body": "AAAAAALLLAUUNNN",
    "dot": "?..??LLLLLNNNNN",
}


@pytest.mark.parametrize("stage", STAGES)
def test_every_reply_means_one_thing_at_every_stage(stage: Stage) -> None:
    verdicts = [judge(stage=stage, code=code) for code in CODES]
    meant = [MEANINGS[letter] for letter in TABLE[stage]]
    assert [type(verdict) if verdict else None for verdict in verdicts] == meant


@given(st.sampled_from(STAGES), st.none() | st.integers(100, 699), st.text())
def test_a_verdict_says_where_and_what_the_server_answered(
    stage: Stage, code: int | None, text: str
) -> None:
    verdict = judge(stage=stage, code=code, text=text)
    if verdict is not None:
        assert (verdict.stage, verdict.code) == (stage, code)
        assert len(verdict.text) <= KEPT_TEXT
        assert verdict.text.isprintable()
        assert str(code or "failed") in str(verdict)


@given(st.integers(100, 699))
def test_after_the_dot_only_a_plain_refusal_is_no_doubt(code: int) -> None:
    verdict = judge(stage="dot", code=code)
    assert isinstance(verdict, OutcomeUnknown) == (code // 100 not in {2, 4, 5})


def test_the_message_masks_addresses_and_the_record_keeps_them() -> None:
    refusal = fault(
        MessageRefused,
        stage="recipient",
        code=550,
        text="5.1.1 <jane@example.org>: user\x1b[31m unknown\nsorry",
    )
    assert "5.1.1 <j***@example.org>: user [31m unknown sorry." in str(refusal)
    assert refusal.text == "5.1.1 <jane@example.org>: user [31m unknown sorry"


@pytest.mark.parametrize("stage", STAGES)
def test_a_loss_can_be_about_the_message_once_its_sender_is_taken(stage: Stage) -> None:
    loss = ServerUnavailable("lost", stage=stage)
    assert loss.is_about_the_message == (stage in {"recipient", "data", "body"})
