"""SMTP's whole repertoire: every stage of a conversation, and what a server may do there."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from m2s_orchestration_tests.faults.repertoire.case import Case, Rule
from m2s_orchestration_tests.faults.repertoire.certificates import certificate_of_a_stranger
from m2s_orchestration_tests.smtp_script import (
    Act,
    Stage,
    accept_but_say,
    answer,
    answer_and_drop,
    babble,
    drop,
    hang,
    say,
    slow,
)
from m2s_orchestration_tests.smtp_server import SmtpServer

CROWDED = answer_and_drop(421, "4.7.0 too many connections")
GOING_DOWN = answer_and_drop(421, "4.3.2 going down")
NONSENSE = say(b"who is there?\r\n")
ENDLESS = babble(b"250-and\r\n")
SILENCES = {
    "the connection ends": drop(),
    "no answer": hang(),
    "no SMTP": NONSENSE,
    "an answer without end": ENDLESS,
}
EVERY_STAGE: tuple[Stage, ...] = (
    *("connect", "helo", "sender", "recipient", "data", "dot", "reset", "quit"),
)


def cases() -> tuple[Case, ...]:
    """All of them, by stages, in the order in which a conversation meets them."""
    return (
        *_connection(),
        *_greeting(),
        *_encryption(),
        *_login(),
        *_sender(),
        *_recipient(),
        *_data(),
        *_body(),
        *_dot(),
        *_lost_answers(),
        *_reset(),
        *_quit(),
        *_whole_conversation(),
    )


def _at(stage: Stage, act: Act, **conditions: Any) -> tuple[Rule, ...]:
    return (Rule(stage, act, **conditions),)


def _to_one(part: str, told: str, stage: Stage, act: Act, **kind: Any) -> Case:
    return Case(part, f"{told}, for one", _at(stage, act, to_one=True), **kind)


def _silences(part: str, stage: Stage, **kind: Any) -> Iterator[Case]:
    """What a server can do anywhere without saying anything that can be understood."""
    for told, act in SILENCES.items():
        yield Case(part, told, _at(stage, act), is_silent=act == hang(), **kind)


def _silences_to_one(part: str, stage: Stage) -> Iterator[Case]:
    for told, act in SILENCES.items():
        yield _to_one(part, told, stage, act, is_silent=act == hang())


def _connection() -> Iterator[Case]:
    case = partial(Case, "Connection")
    yield case("nobody listens", nobody_listens=True)
    yield case("`421` and the end", _at("connect", GOING_DOWN))
    yield case("`450`", _at("connect", answer(450, "4.3.2 not now")))
    yield case("`554`", _at("connect", answer(554, "5.3.2 no SMTP service here")))
    yield from _silences("Connection", "connect")
    kind = partial(case, takes_all=True)
    # Twice to each of two, which try three times; one alone would have tried in vain by then.
    four_times = _at("connect", GOING_DOWN, times=4)
    yield kind("`421` to the first four, then none", four_times, connections=2)
    # So that a second connection is tried for, three times, while the first one has mail.
    busy = Rule("dot", slow(3))
    for told, act in (
        ("`421` to a second connection", CROWDED),
        ("a second connection ends at once", drop()),
        ("a second connection gets no answer", hang()),
    ):
        yield kind(told, (Rule("connect", act, beside=1), busy), is_silent=act == hang())
    yield kind(
        "`450` to a second login",
        (Rule("login", answer(450, "4.7.0 one at a time"), beside=1), busy),
        with_login=True,
    )


def _greeting() -> Iterator[Case]:
    case = partial(Case, "EHLO")
    yield case("`421` and the end", _at("helo", GOING_DOWN))
    yield case("`450`", _at("helo", answer(450, "4.3.2 not now")))
    yield case("`502`, and HELO is known", ill=_of_before_ehlo, takes_all=True)
    yield case("`554` to EHLO and HELO", _at("helo", answer(554, "5.7.1 go away")))
    yield from _silences("EHLO", "helo")


def _encryption() -> Iterator[Case]:
    case = partial(Case, "STARTTLS", encrypted=True)
    yield case("not offered", ill=_in_clear)
    yield case("`454`", _at("tls", answer(454, "4.7.0 TLS not available")))
    yield case("`501`", _at("tls", answer(501, "5.5.4 no")))
    yield from _silences("STARTTLS", "tls", encrypted=True)
    yield case("`220`, then the connection ends", _at("tls", answer_and_drop(220, "go ahead")))
    yield case(
        "`220`, then silence", _at("tls", Act(b"220 go ahead\r\n", then="hang")), is_silent=True
    )
    yield case("`220`, and more in clear", _at("tls", say(b"220 go ahead\r\n250 psst\r\n")))
    yield case("a certificate of an unknown authority", ill=_as_a_stranger)


def _login() -> Iterator[Case]:
    case = partial(Case, "AUTH", with_login=True)
    yield case("no way that is known", ill=_with_another_way)
    yield case("`535` wrong password", ill=_with_another_password)
    yield case("`535` and the end", _at("login", answer_and_drop(535, "5.7.8 bad credentials")))
    yield case("`454`", _at("login", answer(454, "4.7.0 temporary failure")))
    yield case("`421` and the end", _at("login", answer_and_drop(421, "4.7.0 too many logins")))
    yield case("`451`", _at("login", answer(451, "4.3.0 directory away")))
    yield from _silences("AUTH", "login", with_login=True)
    yield case(
        "`530` to MAIL, no login set",
        environment={"EMAIL_HOST_USER": "", "EMAIL_HOST_PASSWORD": ""},
    )


def _sender() -> Iterator[Case]:
    case = partial(Case, "MAIL")
    yield case("`421` and the end", _at("sender", GOING_DOWN))
    yield case("`450`", _at("sender", answer(450, "4.7.1 too much mail from you")))
    yield case("`452` once", _at("sender", answer(452, "4.3.1 no room for so much"), times=1))
    yield case("`550`", _at("sender", answer(550, "5.7.1 not your address")))
    yield case("`552`", _at("sender", answer(552, "5.3.4 too large")))
    yield case("SIZE of EHLO is too small", ill=_with_little_room)
    yield from _silences("MAIL", "sender")
    for code, act in (
        ("`421` and the end", answer_and_drop(421, "4.7.0 too many messages")),
        ("`450`", answer(450, "4.7.0 too many messages")),
        ("`452`", answer(452, "4.5.3 too many messages")),
    ):
        yield case(
            f"{code} to each second one of a connection",
            _at("sender", act, after=1),
            connections=1,
            takes_all=True,
        )


def _recipient() -> Iterator[Case]:
    case = partial(Case, "RCPT")
    one = partial(_to_one, "RCPT", stage="recipient")
    grey = answer(450, "4.2.0 greylisted, come back in 5 minutes")
    yield case("`450` greylisting, for one", _at("recipient", grey, to_one=True, times=1))
    yield case("`450` greylisting, for all", _at("recipient", grey, times=3))
    yield one("`421` and the end", act=GOING_DOWN)
    yield case("`421` and the end, for all", _at("recipient", GOING_DOWN))
    yield one("`454`", act=answer(454, "4.7.0 not now"))
    yield one("`452`", act=answer(452, "4.2.2 mailbox full"))
    yield case(
        "`452` to each second one of a connection",
        _at("recipient", answer(452, "4.5.3 too many recipients"), after=1),
        connections=1,
        takes_all=True,
    )
    yield one("`552`", act=answer(552, "5.2.2 mailbox full"))
    yield one("`550`", act=answer(550, "5.1.1 no such user"))
    yield case("`550`, for all", _at("recipient", answer(550, "5.7.1 relaying denied")))
    yield case("`530`, for all", _at("recipient", answer(530, "5.7.0 log in first")))
    yield case(
        "one address needs SMTPUTF8, which is not offered",
        ill=_without_smtputf8,
        address_in_unicode=True,
    )
    yield from _silences_to_one("RCPT", "recipient")


def _data() -> Iterator[Case]:
    one = partial(_to_one, "DATA", stage="data")
    yield one("`421` and the end", act=GOING_DOWN)
    yield one("`451`", act=answer(451, "4.3.0 try later"))
    yield one("`552`", act=answer(552, "5.2.2 mailbox full"))
    yield one("`554`", act=answer(554, "5.7.1 no"))
    yield one("`250` where `354` belongs", act=answer(250, "thanks"))
    yield from _silences_to_one("DATA", "data")


def _body() -> Iterator[Case]:
    """What comes with the leave to begin has come before the message's end, whatever the hurry."""
    one = partial(_to_one, "Body", stage="data")
    begin = b"354 go ahead\r\n"
    yield one("`421` and the end", act=Act(begin + b"421 4.3.2 going down\r\n", then="drop"))
    yield one("`451`", act=say(begin + b"451 4.3.0 try later\r\n"))
    yield one("`554`", act=say(begin + b"554 5.6.0 I do not like it\r\n"))
    yield one("`250`, too early", act=say(begin + b"250 taken\r\n"))
    yield one("the connection ends", act=Act(begin, then="drop"))
    yield _to_one(
        *("Body", "nobody reads it", "body", hang()),
        is_silent=True,
        may_be_out=True,
    )


def _dot() -> Iterator[Case]:
    one = partial(_to_one, "Final dot", stage="dot")
    yield one("`451`", act=answer(451, "4.3.0 try later"))
    yield one("`421` and the end", act=GOING_DOWN)
    yield one("`452`", act=answer(452, "4.3.1 disk full"))
    yield one("`552`", act=answer(552, "5.3.4 too large"))
    yield one("`554`", act=answer(554, "5.7.1 spam"))
    yield Case(
        "Final dot",
        "`250` after 6 s, EMAIL_TIMEOUT is 4",
        _at("dot", slow(6)),
        environment={"EMAIL_TIMEOUT": "4"},
        takes_all=True,
    )


def _lost_answers() -> Iterator[Case]:
    """Nobody but the server knows whether it took the message."""
    lost = partial(_to_one, "Final dot", stage="dot", may_be_out=True)
    yield lost("taken, and the connection ends", act=drop(accepts=True))
    yield lost("not taken, and the connection ends", act=drop())
    yield lost("taken, and no answer", act=hang(accepts=True), is_silent=True)
    yield lost("not taken, and no answer", act=hang(), is_silent=True)
    yield lost("taken, and no SMTP", act=accept_but_say(b"thanks a lot\r\n"))
    yield lost("taken, and half of a `250`", act=Act(b"25", then="drop", accepts=True))
    yield lost("`354`", act=answer(354, "go on"))
    yield lost("an answer without end", act=ENDLESS)
    yield Case(
        *("Final dot", "taken, and the connection ends, for all"),
        _at("dot", drop(accepts=True)),
        may_be_out=True,
    )


def _reset() -> Iterator[Case]:
    """RSET is said where a message was refused before."""
    refused = Rule("recipient", answer(550, "5.1.1 no such user"), to_one=True)
    acts = {
        "`421` and the end": answer_and_drop(421, "4.7.0 too many errors"),
        "`500`": answer(500, "5.5.1 what?"),
        **SILENCES,
    }
    for told, act in acts.items():
        yield Case(
            *("RSET", f"{told}, after a `550` to RCPT"),
            (refused, Rule("reset", act)),
            is_silent=act == hang(),
            connections=1,
        )


def _quit() -> Iterator[Case]:
    case = partial(Case, "QUIT", takes_all=True)
    yield case("`421` and the end", _at("quit", GOING_DOWN))
    yield case("`500`", _at("quit", answer(500, "5.5.1 what?")))
    yield from _silences("QUIT", "quit", takes_all=True)


def _whole_conversation() -> Iterator[Case]:
    case = partial(Case, "Anywhere")
    yield case(
        "every answer takes half a second",
        tuple(Rule(stage, slow(0.5)) for stage in EVERY_STAGE),
        takes_all=True,
    )
    yield case(
        "away from the second message on, for the rest of the run",
        (
            Rule("sender", GOING_DOWN, after=1),
            # The rule that stands first is asked first.
            Rule("connect", Act(), times=1),
            Rule("connect", drop()),
        ),
        connections=1,
    )
    yield case(
        "`421` at four stages, once each, then well",
        tuple(Rule(stage, GOING_DOWN, times=1) for stage in ("connect", "sender", "data", "quit")),
        connections=1,
    )


def _of_before_ehlo(server: SmtpServer) -> None:
    server.knows_ehlo = False


def _in_clear(server: SmtpServer) -> None:
    server.encryption = "none"


def _as_a_stranger(server: SmtpServer) -> None:
    server.context = certificate_of_a_stranger()


def _with_another_way(server: SmtpServer) -> None:
    server.ways_to_log_in = ("XOAUTH2",)


def _with_another_password(server: SmtpServer) -> None:
    server.login = ("m2s", "another")


def _with_little_room(server: SmtpServer) -> None:
    server.extensions = ("SIZE 4000", "8BITMIME")


def _without_smtputf8(server: SmtpServer) -> None:
    server.extensions = ("SIZE 10485760", "8BITMIME")
