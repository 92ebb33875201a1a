"""One conversation with the mail server, in which the end of each message is a step of its own.

`offer` hands over a whole message but for its final dot. Until the dot the server must drop the
message when the connection ends (RFC 5321, 4.1.1.10), so `withdraw` takes it back without a trace.
`finish` sends the dot and returns or raises what the server made of it.
"""

from __future__ import annotations

import contextlib
import smtplib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Self

from m2s_orchestration.errors import (
    MailFault,
    MessageDeferred,
    OutcomeUnknown,
    ServerRefusedUs,
    ServerUnavailable,
)
from m2s_orchestration.mail.channel import Channel, words
from m2s_orchestration.mail.envelope import Envelope
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


class Conversation:
    """An open connection that serves one message after the other. Not for several threads at once.

    `served` counts the messages that were finished. After ServerUnavailable and OutcomeUnknown the
    connection is closed; after any other fault it can take the next message.
    """

    def __init__(self, server: MailServer, channel: Channel) -> None:
        self.served = 0
        self._server = server
        self._channel = channel
        self._is_offered = False
        self._is_begun = False

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

    def offer(self, *, sender: str, recipient: str, content: bytes) -> None:
        """Hand over everything but the final dot. `content` is the mail with CRLF line ends.

        Raises ServerUnavailable, ServerRefusedUs, MessageDeferred or MessageRefused; the server has
        not taken the message then.
        """
        envelope = Envelope.seal(
            sender=sender,
            recipient=recipient,
            content=content,
            idempotency_header=self._server.idempotency_header,
        )
        options = envelope.options(self._channel.esmtp_features)
        if self._is_begun:
            self.reset()
        self._is_begun = True
        self._channel.command_encoding = "utf-8" if envelope.needs_smtputf8 else "ascii"
        self._begin(
            {
                "sender": " ".join([f"MAIL FROM:<{envelope.sender}>", *options]),
                "recipient": f"RCPT TO:<{envelope.recipient}>",
                "data": "DATA",
            }
        )
        with self._watched("body"):
            self._channel.send(envelope.on_the_wire)
        self._heed_interruption()
        self._is_offered = True

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
        code, text = self._reply_to_dot()
        verdict = judge(stage="dot", code=code, text=text)
        if isinstance(verdict, OutcomeUnknown) or code == 421:
            self._channel.close()
        if verdict:
            raise verdict
        self._is_begun = False
        return printable(text)

    def withdraw(self) -> None:
        """Drop the connection without the dot: an offered message does not exist then."""
        self._is_offered = False
        with contextlib.suppress(OSError):
            self._channel.abort()

    def reset(self) -> None:
        """Clear a message that was refused. Raises ServerUnavailable."""
        if self._is_offered:
            raise RuntimeError("A message waits for its end: finish or withdraw it first.")
        self._ask("idle", "RSET")
        self._is_begun = False

    def noop(self) -> None:
        """See whether the server still listens. Raises ServerUnavailable."""
        self._ask("idle", "NOOP")

    def close(self) -> None:
        """Say goodbye, or withdraw a message that is offered. Never raises."""
        if self._is_offered or not self.is_open:
            self.withdraw()
            return
        self._channel.patience = min(self._server.timeout, PATIENCE_AT_QUIT)
        with contextlib.suppress(OSError, smtplib.SMTPException):
            self._channel.docmd("QUIT")
        with contextlib.suppress(OSError):
            self._channel.close()

    def _connect(self) -> None:
        with self._watched("connect"):
            self._channel.dial()
        if self._server.encryption == "ssl":
            with self._watched("tls"):
                self._channel.encrypt()
        self._expect("connect")
        self._greet()
        if self._server.encryption == "starttls":
            self._start_tls()

    def _greet(self) -> None:
        with self._watched("helo"):
            code, text = self._channel.ehlo()
            if code // 100 == 5:
                code, text = self._channel.helo()
        self._heed("helo", code, text)

    def _start_tls(self) -> None:
        if not self._channel.has_extn("starttls"):
            raise ServerUnavailable(
                f"The mail server {self._server.host} does not offer STARTTLS and nothing is sent"
                " without it: check EMAIL_USE_TLS, EMAIL_USE_SSL and EMAIL_PORT.",
                stage="tls",
            )
        self._ask("tls", "STARTTLS")
        with self._watched("tls"):
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
        with self._watched("login"):
            code, text = self._channel.authenticate(self._server.user, self._server.password)
        self._heed("login", code, text)

    def _begin(self, commands: Mapping[Stage, str]) -> None:
        """Everything before the body: in one round trip where the server offers it."""
        if not self._channel.has_extn("pipelining"):
            for stage, command in commands.items():
                self._ask(stage, command)
            return
        with self._watched("sender"):
            self._channel.put_all(commands.values())
        refusal: MailFault | None = None
        for stage in commands:
            try:
                self._expect(stage)
            except MailFault as fault:
                refusal = refusal or fault
                if not self.is_open:
                    break
            else:
                if refusal and stage == "data":
                    # It waits for the body of a message that it refused: there is none.
                    self.withdraw()
        if refusal:
            raise refusal

    def _ask(self, stage: Stage, command: str) -> None:
        with self._watched(stage):
            self._channel.putcmd(command)
        self._expect(stage)

    def _expect(self, stage: Stage) -> None:
        with self._watched(stage):
            code, text = self._channel.getreply()
        self._heed(stage, code, text)

    def _heed(self, stage: Stage, code: int, text: bytes) -> None:
        verdict = judge(
            stage=stage, code=None if code < 0 else code, text=text.decode(errors="replace")
        )
        if isinstance(verdict, ServerUnavailable):
            self._channel.close()
        if verdict:
            raise verdict

    def _heed_interruption(self) -> None:
        """A server that speaks or leaves before the dot has not taken the message."""
        if not self._channel.was_interrupted():
            return
        try:
            self._expect("body")
        finally:
            self._channel.close()

    def _heed_last_interruption(self) -> None:
        # The dot was announced, so the answer has to be about this message.
        try:
            self._heed_interruption()
        except (ServerUnavailable, ServerRefusedUs) as left:
            raise fault(MessageDeferred, stage="body", code=left.code, text=left.text) from left

    def _reply_to_dot(self) -> tuple[int | None, str]:
        self._channel.patience = self._server.reply_timeout
        try:
            self._channel.send(b".\r\n")
            code, text = self._channel.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self._channel.close()
            raise fault(OutcomeUnknown, stage="dot", text=words(error)) from error
        finally:
            self._channel.patience = self._server.timeout
        return (None if code < 0 else code), text.decode(errors="replace")

    @contextlib.contextmanager
    def _watched(self, stage: Stage) -> Iterator[None]:
        """Whatever breaks the connection at this stage is ServerUnavailable."""
        try:
            yield
        except (OSError, smtplib.SMTPException, ValueError) as error:
            self._channel.close()
            raise fault(ServerUnavailable, stage=stage, text=words(error)) from error
        except BaseException:
            # Interrupted in the middle of a command: nobody knows where the conversation stands.
            self._channel.close()
            raise


def check_login(server: MailServer) -> None:
    """Go as far as the login and leave. Raises ServerUnavailable or ServerRefusedUs."""
    conversation = Conversation.open(server)
    try:
        conversation.noop()
    finally:
        conversation.close()
