"""One conversation with the mail server, in which the end of each message is a step of its own.

`offer` hands over a whole message but for its final dot. Until the dot the server must drop the
message when the connection ends (RFC 5321, 4.1.1.10), so `withdraw` takes it back without a trace.
`finish` sends the dot and returns or raises what the server made of it; the beginning of the next
message may go out with it (RFC 2920), so that a message takes one round trip.
"""

from __future__ import annotations

import contextlib
import smtplib
from dataclasses import dataclass, field, replace
from typing import Literal, Self

from m2s_orchestration.errors import (
    MailFault,
    MessageDeferred,
    MessageRefused,
    OutcomeUnknown,
    ServerRefusedUs,
    ServerUnavailable,
)
from m2s_orchestration.mail.channel import Channel, words
from m2s_orchestration.mail.dialogue import Dialogue
from m2s_orchestration.mail.envelope import Envelope, Letter
from m2s_orchestration.mail.replies import Stage, fault, judge, printable

PATIENCE_AT_QUIT = 5.0  # seconds


@dataclass(frozen=True)
class MailServer:
    """Where mail goes out. Times are in seconds.

    `timeout` is for everything but the reply to the final dot; that one may take `reply_timeout`,
    for which RFC 5321 (4.5.3.2.6) asks ten minutes: giving up earlier makes doubtful messages.
    With an `idempotency_header`, each message carries the local part of its Message-ID under that
    name, for relays that drop a second copy. Certificates are checked against the system's
    authorities or the file that SSL_CERT_FILE names.
    """

    host: str
    port: int
    encryption: Literal["none", "starttls", "ssl"] = "none"
    user: str = ""
    password: str = field(default="", repr=False)
    timeout: float = 30.0
    reply_timeout: float = 600.0
    idempotency_header: str | None = None


@dataclass(frozen=True)
class _Beginning:
    """MAIL, RCPT and DATA of a message; `octets` are the three in one breath."""

    letter: Letter
    envelope: Envelope
    commands: dict[Stage, str]
    octets: bytes = b""


class Conversation:
    """An open connection that serves one message after the other. Not for several threads at once.

    `served` counts the messages that were finished. After ServerUnavailable and OutcomeUnknown the
    connection is closed; after any other fault it can take the next message.
    """

    def __init__(self, server: MailServer, channel: Channel) -> None:
        self.served = 0
        self._server = server
        self._channel = channel
        self._dialogue = Dialogue(channel)
        self._is_offered = False
        self._is_begun = False
        self._ahead: _Beginning | None = None
        self._was_refused = False

    @classmethod
    def open(cls, server: MailServer) -> Self:
        """Connect, greet, encrypt and log in as the server's settings say.

        Raises ServerUnavailable or ServerRefusedUs.
        """
        channel = Channel(server.host, server.port, timeout=server.timeout)
        conversation = cls(server, channel)
        try:
            conversation._connect()
            conversation._log_in()
        except BaseException:
            channel.close()
            raise
        return conversation

    @property
    def is_open(self) -> bool:
        """Whether the connection was not closed from this side; the server may still have left."""
        return self._channel.sock is not None

    def offer(self, letter: Letter) -> None:
        """Hand over everything but the final dot.

        Raises ServerUnavailable, ServerRefusedUs, MessageDeferred or MessageRefused; the server has
        not taken the message then.
        """
        beginning = self._ahead or self._beginning_of(letter)
        if beginning.letter != letter:
            raise RuntimeError("Another message was begun with the end of the last.")
        if self._ahead:
            self._hear_what_was_said_ahead(beginning)
        else:
            if self._is_begun:
                self.reset()
            self._is_begun = True
            self._dialogue.begin(beginning.commands)
        with self._dialogue.watched("body"):
            self._channel.send(beginning.envelope.on_the_wire)
        self._heed_interruption()
        self._is_offered = True

    @property
    def lets_one_follow(self) -> bool:
        """Whether the server takes the beginning of a message with the end of the one before."""
        return self._channel.has_extn("pipelining")

    def follow_with(self, letter: Letter) -> None:
        """Let the beginning of this message go out with the dot of the one that is offered.

        It has to be offered next. What cannot be begun is begun, and refused, only then.
        """
        if not (self._is_offered and self.lets_one_follow):
            raise RuntimeError("A message can only follow one that is offered, in one breath.")
        with contextlib.suppress(MailFault, ValueError):
            beginning = self._beginning_of(letter)
            octets = self._channel.in_one_breath(beginning.commands.values())
            self._ahead = replace(beginning, octets=octets)

    def finish(self) -> str:
        """Send the final dot; the server's reply text if it took the message.

        Raises MessageDeferred or MessageRefused if it said that it did not, OutcomeUnknown if it
        said nothing that can be understood.
        """
        if not self._is_offered:
            raise RuntimeError("There is no message to finish: offer one first.")
        self._is_offered = False
        self.served += 1
        self._heed_last_interruption()
        code, text = self._reply_to_dot(self._ahead.octets if self._ahead else b"")
        verdict = judge(stage="dot", code=code, text=text)
        self._was_refused = verdict is not None
        if isinstance(verdict, OutcomeUnknown) or code == 421:
            self._channel.close()
        if verdict:
            raise verdict
        self._is_begun = self._ahead is not None
        return printable(text)

    def withdraw(self) -> None:
        """Drop the connection without the dot: an offered message does not exist then."""
        self._is_offered = False
        self._ahead = None
        self._dialogue.break_off()

    def reset(self) -> None:
        """Clear a message that was refused. Raises ServerUnavailable."""
        if self._is_offered:
            raise RuntimeError("A message waits for its end: finish or withdraw it first.")
        self._dialogue.ask("idle", "RSET")
        self._is_begun = False

    def noop(self) -> None:
        """See whether the server still listens. Raises ServerUnavailable."""
        self._dialogue.ask("idle", "NOOP")

    def close(self) -> None:
        """Say goodbye, or withdraw a message that is begun. Never raises."""
        if self._is_offered or self._ahead or not self.is_open:
            self.withdraw()
            return
        self._channel.patience = min(self._server.timeout, PATIENCE_AT_QUIT)
        with contextlib.suppress(OSError, smtplib.SMTPException):
            self._channel.docmd("QUIT")
        with contextlib.suppress(OSError):
            self._channel.close()

    def _connect(self) -> None:
        with self._dialogue.watched("connect"):
            self._channel.dial()
        if self._server.encryption == "ssl":
            with self._dialogue.watched("tls"):
                self._channel.encrypt()
        self._dialogue.expect("connect")
        self._greet()
        if self._server.encryption == "starttls":
            self._start_tls()

    def _greet(self) -> None:
        with self._dialogue.watched("helo"):
            code, text = self._channel.ehlo()
            if code // 100 == 5:
                code, text = self._channel.helo()
        self._dialogue.heed("helo", code, text)

    def _start_tls(self) -> None:
        if not self._channel.has_extn("starttls"):
            raise ServerUnavailable(
                f"The mail server {self._server.host} does not offer STARTTLS and nothing is sent"
                " without it: check EMAIL_USE_TLS, EMAIL_USE_SSL and EMAIL_PORT.",
                stage="tls",
            )
        self._dialogue.ask("tls", "STARTTLS")
        with self._dialogue.watched("tls"):
            self._channel.encrypt()
        self._greet()

    def _log_in(self) -> None:
        if not self._server.user:
            return
        if not self._channel.ways_to_log_in():
            offered = self._channel.esmtp_features.get("auth", "").strip() or "none"
            raise ServerRefusedUs(
                f"The mail server {self._server.host} offers no login that we know (it offers:"
                f" {printable(offered)}): check EMAIL_HOST_USER, EMAIL_USE_TLS and EMAIL_PORT.",
                stage="login",
            )
        with self._dialogue.watched("login"):
            code, text = self._channel.authenticate(self._server.user, self._server.password)
        self._dialogue.heed("login", code, text)

    def _beginning_of(self, letter: Letter) -> _Beginning:
        """Raises ServerRefusedUs or MessageRefused if there can be none."""
        envelope = Envelope.seal(letter, idempotency_header=self._server.idempotency_header)
        options = envelope.options(self._channel.esmtp_features)
        self._channel.command_encoding = "utf-8" if envelope.needs_smtputf8 else "ascii"
        return _Beginning(
            letter,
            envelope,
            {
                "sender": " ".join([f"MAIL FROM:<{envelope.sender}>", *options]),
                "recipient": f"RCPT TO:<{envelope.recipient}>",
                "data": "DATA",
            },
        )

    def _hear_what_was_said_ahead(self, beginning: _Beginning) -> None:
        self._ahead = None
        try:
            self._dialogue.expect_all(beginning.commands)
        except (MessageDeferred, MessageRefused, ServerRefusedUs) as refusal:
            if not self._was_refused:
                raise
            # It may still be about the message before: over another connection it is said anew.
            self.withdraw()
            raise fault(ServerUnavailable, stage="idle", text=refusal.text) from refusal

    def _heed_interruption(self) -> None:
        """A server that speaks or leaves before the dot has not taken the message."""
        if not self._channel.was_interrupted():
            return
        try:
            self._dialogue.expect("body")
        finally:
            self._channel.close()

    def _heed_last_interruption(self) -> None:
        # The dot was announced, so the answer has to be about this message.
        try:
            self._heed_interruption()
        except (ServerUnavailable, ServerRefusedUs) as left:
            raise fault(MessageDeferred, stage="body", code=left.code, text=left.text) from left

    def _reply_to_dot(self, said_with_it: bytes) -> tuple[int | None, str]:
        self._channel.patience = self._server.reply_timeout
        try:
            self._channel.send(b".\r\n" + said_with_it)
            code, text = self._channel.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self._channel.close()
            raise fault(OutcomeUnknown, stage="dot", text=words(error)) from error
        finally:
            self._channel.patience = self._server.timeout
        return (None if code < 0 else code), text.decode(errors="replace")


def check_login(server: MailServer) -> None:
    """Go as far as the login and leave. Raises ServerUnavailable or ServerRefusedUs."""
    conversation = Conversation.open(server)
    try:
        conversation.noop()
    finally:
        conversation.close()
