"""The mail server that mail is handed to."""

from __future__ import annotations

from m2s_orchestration.mail.smtp import MailServer
from m2s_orchestration.settings import Settings


def mail_server(settings: Settings) -> MailServer:
    """The mail server that the settings name."""
    smtp = settings.smtp
    return MailServer(
        host=smtp.host,
        port=smtp.port,
        encryption=smtp.encryption,
        user=smtp.user,
        password=smtp.password,
        timeout=smtp.timeout,
        idempotency_header=smtp.idempotency_header,
    )
