"""The message and the server of the tests of a conversation."""

from __future__ import annotations

from m2s_orchestration.mail.envelope import Letter
from m2s_orchestration.mail.smtp import Conversation, MailServer
from m2s_orchestration_tests.smtp_server import SmtpServer

SENDER = "noreply@club.example"
JANE = "jane@example.org"
CONTENT = (
    b"From: noreply@club.example\r\nMessage-ID: <abc@club.example>\r\n\r\n"
    b".\r\n..\r\n.x\r\nHello\r\n"
)
# More than what the network keeps: the server has read its beginning before the client is through.
LONG = CONTENT + (b"0123456789" * 90 + b"\r\n") * 8_000


def mail_server(
    server: SmtpServer, *, timeout: float = 5.0, reply_timeout: float = 5.0
) -> MailServer:
    return MailServer(
        host=server.host, port=server.port, timeout=timeout, reply_timeout=reply_timeout
    )


def send(conversation: Conversation, recipient: str = JANE, content: bytes = CONTENT) -> str:
    conversation.offer(Letter(SENDER, recipient, content))
    return conversation.finish()
