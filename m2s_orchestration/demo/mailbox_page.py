"""The mailbox as a web page: every mail as its reader sees it, and as text beside it."""

from __future__ import annotations

import re
from email.message import EmailMessage
from pathlib import Path

from m2s_orchestration.demo.answer import Answer, page
from m2s_orchestration.demo.mailbox import ReceivedMail, read_mailbox

# A mail may not even load a picture.
MAIL_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def answer(folder: Path, path: str) -> Answer | None:
    """What the page at `path` shows; None if there is no such page."""
    mails = read_mailbox(folder)
    if path == "/":
        return page("list.html", mails=[(mail, mail.message) for mail in reversed(mails)])
    asked = re.fullmatch(r"/(\d+)(?:/(html|raw|part))?(?:/(\d+))?", path)
    mail = next((mail for mail in mails if asked and mail.number == int(asked[1])), None)
    if asked is None or mail is None:
        return None
    match asked[2], asked[3]:
        case None, None:
            return _mail_page(mail, newest=mails[-1].number)
        case "raw", None:
            return Answer(mail.content, "text/plain; charset=utf-8")
        case "html", None:
            return Answer(_body(mail.message, "html").encode(errors="replace"), policy=MAIL_POLICY)
        case "part", str(number):
            return _part(mail.message, int(number))
    return None


def _mail_page(mail: ReceivedMail, *, newest: int) -> Answer:
    message = mail.message
    return page(
        "mail.html",
        mail=mail,
        newest=newest,
        message=message,
        text=_body(message, "plain"),
        has_html=message.get_body(("html",)) is not None,
        parts=[part.get_filename("unnamed") for part in message.iter_attachments()],
    )


def _body(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    return "" if body is None else str(body.get_content())


def _part(message: EmailMessage, number: int) -> Answer | None:
    """Attachment `number` of the mail, as a file to keep: a browser never shows it as a page."""
    parts = list(message.iter_attachments())
    if number >= len(parts):
        return None
    content = parts[number].get_payload(decode=True)
    body = content if isinstance(content, bytes) else parts[number].as_bytes()
    return Answer(body, "application/octet-stream", file_name=parts[number].get_filename("unnamed"))
