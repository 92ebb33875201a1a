from __future__ import annotations

import threading
from contextlib import closing

import pytest

from m2s_orchestration.errors import (
    MailFault,
    MessageDeferred,
    MessageRefused,
    OutcomeUnknown,
    ServerRefusedUs,
    ServerUnavailable,
)
from m2s_orchestration.mail.envelope import Letter
from m2s_orchestration.mail.smtp import Conversation, MailServer
from m2s_orchestration_tests.integration.mail.conversing import (
    CONTENT,
    JANE,
    LONG,
    SENDER,
    mail_server,
    send,
)
from m2s_orchestration_tests.smtp_script import (
    Act,
    Stage,
    accept_but_say,
    answer,
    answer_and_drop,
    drop,
    hang,
    say,
)
from m2s_orchestration_tests.smtp_server import SmtpServer

GARBAGE = say(b"\xff\x00 nonsense\r\n")
ENDLESS_LINE = say(b"2" * 100_000)
ENDLESS_REPLY = say(b"250-and more\r\n" * 5_000)

AWAY, US, LATER, NEVER, DOUBT = (
    ServerUnavailable,
    ServerRefusedUs,
    MessageDeferred,
    MessageRefused,
    OutcomeUnknown,
)


FAULTS_BEFORE: dict[str, Act] = {
    "421": answer_and_drop(421),
    "421 and on": answer(421),
    "4xx": answer(450),
    "5xx": answer(550),
    "garbage": GARBAGE,
    "endless line": ENDLESS_LINE,
    "endless reply": ENDLESS_REPLY,
    "drop": drop(),
    "hang": hang(),
}
QUIET = ("body", "hang")
VERDICTS: dict[Stage, dict[str, type[MailFault]]] = {
    "connect": {},
    "helo": {},
    "sender": {"5xx": US},
    "recipient": {"4xx": LATER, "5xx": NEVER},
    "data": {"4xx": LATER, "5xx": NEVER},
    "body": {"4xx": LATER, "5xx": NEVER},
}


@pytest.mark.parametrize(
    ("stage", "name"),
    # A server that is silent while the message comes does what it should.
    [(stage, name) for stage in VERDICTS for name in FAULTS_BEFORE if (stage, name) != QUIET],
)
def test_no_fault_before_the_dot_leaves_a_message_behind(
    smtp_server: SmtpServer, stage: Stage, name: str
) -> None:
    smtp_server.on(stage, FAULTS_BEFORE[name])
    server = mail_server(smtp_server, timeout=0.3 if name == "hang" else 5.0)
    with (
        pytest.raises(VERDICTS[stage].get(name, AWAY)) as caught,
        closing(Conversation.open(server)) as conversation,
    ):
        conversation.offer(Letter(SENDER, JANE, LONG))
    assert isinstance(caught.value, MailFault)
    assert caught.value.stage == stage
    smtp_server.release()
    smtp_server.wait_until_idle()
    assert smtp_server.accepted == []


def test_a_server_that_is_not_there_is_unavailable(smtp_server: SmtpServer) -> None:
    smtp_server.stop()
    with pytest.raises(ServerUnavailable) as caught:
        Conversation.open(mail_server(smtp_server))
    assert caught.value.stage == "connect"
    assert "failed at its beginning: Connection refused. Check EMAIL_HOST" in str(caught.value)


def test_what_is_no_reply_is_told_as_such(smtp_server: SmtpServer) -> None:
    smtp_server.on("connect", say(b"who is there?\r\n"))
    with pytest.raises(ServerUnavailable) as caught:
        Conversation.open(mail_server(smtp_server))
    assert "its beginning: this is no SMTP reply: who is there? Check" in str(caught.value)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 70])
def test_a_host_that_has_no_address_is_unavailable(host: str) -> None:
    with pytest.raises(ServerUnavailable):
        Conversation.open(MailServer(host=host, port=25, timeout=5.0))


FAULTS_AT_THE_DOT: dict[str, tuple[Act, type[MailFault], int]] = {
    "4xx": (answer(451, "4.3.0 later"), LATER, 0),
    "421": (answer_and_drop(421), LATER, 0),
    "5xx": (answer(554, "5.7.1 spam"), NEVER, 0),
    "5xx in many lines": (answer(554, "5.7.1 spam", "5.7.1 really"), NEVER, 0),
    "garbage": (GARBAGE, DOUBT, 0),
    "garbage, taken": (accept_but_say(b"nonsense\r\n"), DOUBT, 1),
    "half a reply": (Act(said=b"250 tak", then="drop", accepts=True), DOUBT, 1),
    "a reply of another kind": (answer(354), DOUBT, 0),
    "endless line": (ENDLESS_LINE, DOUBT, 0),
    "endless reply": (ENDLESS_REPLY, DOUBT, 0),
    "drop, not taken": (drop(), DOUBT, 0),
    "drop, taken": (drop(accepts=True), DOUBT, 1),
    "hang, not taken": (Act(then="hang"), DOUBT, 0),
    "hang, taken": (hang(accepts=True), DOUBT, 1),
}


@pytest.mark.parametrize("name", FAULTS_AT_THE_DOT)
def test_after_the_dot_a_refusal_is_definite_and_all_else_is_doubt(
    smtp_server: SmtpServer, name: str
) -> None:
    act, verdict, accepted = FAULTS_AT_THE_DOT[name]
    smtp_server.on("dot", act)
    server = mail_server(smtp_server, reply_timeout=0.3 if "hang" in name else 5.0)
    with closing(Conversation.open(server)) as conversation:
        conversation.offer(Letter(SENDER, JANE, CONTENT))
        with pytest.raises(verdict) as caught:
            conversation.finish()
        assert conversation.is_open == (verdict is not DOUBT and name != "421")
    assert isinstance(caught.value, MailFault)
    assert caught.value.stage == "dot"
    assert len(smtp_server.accepted) == accepted


def test_a_reply_in_many_lines_and_any_letters_is_a_reply(smtp_server: SmtpServer) -> None:
    smtp_server.on("dot", accept_but_say("250-grüß\r\n250 \xff\0done\r\n".encode("latin-1")))
    with closing(Conversation.open(mail_server(smtp_server))) as conversation:
        assert send(conversation) == "gr\ufffd\ufffd \ufffd done"


def test_the_reply_to_the_dot_may_take_longer_than_any_other(smtp_server: SmtpServer) -> None:
    smtp_server.on("dot", hang())
    told: list[str] = []
    server = mail_server(smtp_server, timeout=0.2, reply_timeout=30.0)
    with closing(Conversation.open(server)) as conversation:
        conversation.offer(Letter(SENDER, JANE, CONTENT))
        thread = threading.Thread(target=lambda: told.append(conversation.finish()))
        thread.start()
        thread.join(timeout=0.6)
        assert thread.is_alive()
        smtp_server.release()
        thread.join()
    assert told == [f"2.0.0 {len(CONTENT)} bytes taken"]


@pytest.mark.parametrize("stage", ["reset", "quit"])
@pytest.mark.parametrize("act", [drop(), answer(500), GARBAGE, ENDLESS_REPLY], ids=repr)
def test_no_fault_after_the_reply_makes_a_sent_message_anything_else(
    smtp_server: SmtpServer, stage: Stage, act: Act
) -> None:
    smtp_server.on(stage, act)
    conversation = Conversation.open(mail_server(smtp_server))
    assert send(conversation)
    if stage == "reset":
        with pytest.raises(ServerUnavailable) as caught:
            conversation.reset()
        assert not caught.value.is_about_the_message
    conversation.close()
    assert len(smtp_server.accepted) == 1


def test_a_server_that_left_before_the_dot_took_nothing(smtp_server: SmtpServer) -> None:
    conversation = Conversation.open(mail_server(smtp_server))
    conversation.offer(Letter(SENDER, JANE, CONTENT))
    smtp_server.stop()
    with pytest.raises(MessageDeferred) as caught:
        conversation.finish()
    assert caught.value.stage == "body"
    assert not conversation.is_open
    conversation.close()


def test_a_reply_that_comes_too_early_is_not_taken_for_the_reply_to_the_dot(
    smtp_server: SmtpServer,
) -> None:
    smtp_server.on("data", say(b"354 go ahead\r\n250 taken\r\n"))
    conversation = Conversation.open(mail_server(smtp_server))
    with pytest.raises(ServerUnavailable) as caught:
        conversation.offer(Letter(SENDER, JANE, CONTENT))
    assert caught.value.stage == "body"
    conversation.close()
