"""The mailbox as a web page: every mail as its reader sees it, and as text beside it."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from m2s_orchestration.demo.mailbox import HOST, ReceivedMail, read_mailbox
from m2s_orchestration.errors import DemoFault

# The page needs no script and loads nothing from elsewhere; a mail may not even load a picture.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'"
MAIL_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"

ENVIRONMENT = Environment(
    loader=PackageLoader("m2s_orchestration.demo", "pages"),
    autoescape=True,
    undefined=StrictUndefined,
)


@dataclass(frozen=True)
class Answer:
    body: bytes
    kind: str = "text/html; charset=utf-8"
    policy: str = POLICY
    file_name: str | None = None


@contextmanager
def serve_mailbox(folder: Path, port: int = 0) -> Iterator[str]:
    """Show the mailbox in `folder` on 127.0.0.1 while the context lasts; yields the address."""
    try:
        server = ThreadingHTTPServer((HOST, port), partial(_Page, folder))
    except OSError as fault:
        raise DemoFault(
            f"The mailbox's page cannot listen on {HOST}:{port}: {fault.strerror}. "
            f"Choose another port, or 0 for any."
        ) from fault
    serve = partial(server.serve_forever, poll_interval=0.05)
    thread = threading.Thread(target=serve, name="mailbox-page", daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answer(folder: Path, path: str) -> Answer | None:
    """What the page at `path` shows; None if there is no such page."""
    mails = read_mailbox(folder)
    if path == "/":
        return _page("list.html", mails=[(mail, mail.message) for mail in reversed(mails)])
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
    return _page(
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


def _page(template: str, **shown: object) -> Answer:
    return Answer(ENVIRONMENT.get_template(template).render(shown).encode(errors="replace"))


class _Page(BaseHTTPRequestHandler):
    def __init__(self, folder: Path, *connection: object) -> None:
        self._folder = folder
        super().__init__(*connection)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        found = answer(self._folder, self.path)
        if found is None:
            self.send_error(HTTPStatus.NOT_FOUND, "There is no such mail")
            return
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", found.kind)
        self.send_header("Content-Length", str(len(found.body)))
        self.send_header("Content-Security-Policy", found.policy)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        if found.file_name is not None:
            name = re.sub(r"[^A-Za-z0-9._-]", "_", found.file_name)
            self.send_header("Content-Disposition", f'attachment; filename="{name}"')
        self.end_headers()
        self.wfile.write(found.body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing: the terminal belongs to the runs."""
