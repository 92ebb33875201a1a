"""Commands to the mail server and its replies, each judged by the stage of the conversation."""

from __future__ import annotations

import contextlib
import smtplib
from collections.abc import Iterator, Mapping

from m2s_orchestration.errors import MailFault, ServerUnavailable
from m2s_orchestration.mail.channel import Channel, words
from m2s_orchestration.mail.replies import Stage, fault, judge


class Dialogue:
    """What is asked over a channel, and what the answers mean.

    Each method raises the fault that an answer means. After ServerUnavailable the channel is
    closed.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def ask(self, stage: Stage, command: str) -> None:
        """Say one command and hear its reply."""
        with self.watched(stage):
            self._channel.putcmd(command)
        self.expect(stage)

    def begin(self, commands: Mapping[Stage, str]) -> None:
        """Say everything before the body: in one round trip where the server offers it."""
        if not self._channel.has_extn("pipelining"):
            for stage, command in commands.items():
                self.ask(stage, command)
            return
        with self.watched("sender"):
            self._channel.send(self._channel.in_one_breath(commands.values()))
        self.expect_all(commands)

    def expect_all(self, commands: Mapping[Stage, str]) -> None:
        """Hear the replies to commands that were said in one breath; raises the first refusal."""
        refusal: MailFault | None = None
        for stage in commands:
            try:
                self.expect(stage)
            except MailFault as fault:
                refusal = refusal or fault
                if self._channel.sock is None:
                    break
            else:
                if refusal and stage == "data":
                    # It waits for the body of a message that it refused: there is none.
                    self.break_off()
        if refusal:
            raise refusal

    def expect(self, stage: Stage) -> None:
        """Hear one reply."""
        with self.watched(stage):
            code, text = self._channel.getreply()
        self.heed(stage, code, text)

    def heed(self, stage: Stage, code: int, text: bytes) -> None:
        """Raise the fault that a reply means, if any."""
        verdict = judge(
            stage=stage, code=None if code < 0 else code, text=text.decode(errors="replace")
        )
        if isinstance(verdict, ServerUnavailable):
            self._channel.close()
        if verdict:
            raise verdict

    def break_off(self) -> None:
        """Drop the connection at once."""
        with contextlib.suppress(OSError):
            self._channel.abort()

    @contextlib.contextmanager
    def watched(self, stage: Stage) -> Iterator[None]:
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
