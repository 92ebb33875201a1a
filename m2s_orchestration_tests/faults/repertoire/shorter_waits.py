"""For the process of a run: the reply to the final dot is waited for less long than ten minutes.

How long is not a setting, and is not to be one: giving up earlier makes doubtful messages.
"""

from __future__ import annotations

from dataclasses import replace

from m2s_orchestration.framework import run
from m2s_orchestration.framework.mail_server import mail_server
from m2s_orchestration.mail.smtp import MailServer
from m2s_orchestration.settings import Settings


def shorten(seconds: float) -> None:
    """From now on a run of this process waits so long for the reply to a final dot."""

    def impatient(settings: Settings) -> MailServer:
        return replace(mail_server(settings), reply_timeout=seconds)

    vars(run)["mail_server"] = impatient
