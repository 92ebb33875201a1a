"""A mail server that keeps every mail in a folder and passes none on."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import re
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from aiosmtpd.smtp import SMTP, Envelope, Session

from m2s_orchestration.errors import DemoFault

HOST = "127.0.0.1"
INDEX = "mailbox.jsonl"


@dataclass(frozen=True)
class ReceivedMail:
    """One accepted mail with its envelope; `path` is the file of its bytes."""

    number: int
    received: datetime
    sender: str
    recipients: tuple[str, ...]
    message_id: str
    path: Path

    @property
    def content(self) -> bytes:
        """The mail as it came over the wire, without the dots that SMTP doubles."""
        return self.path.read_bytes()

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.content, policy=policy.default)


class Mailbox:
    """An SMTP server on 127.0.0.1 for as long as the context lasts; port 0 takes any free port."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.folder = folder
        self._wanted_port = port
        self._port: int | None = None

    @property
    def port(self) -> int:
        if self._port is None:
            raise DemoFault(f"The mailbox in {self.folder} is not open: use it in a `with`.")
        return self._port

    def messages(self) -> list[ReceivedMail]:
        """Every mail in the folder, those of earlier servers too, in the order they came."""
        return read_mailbox(self.folder)

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = _take(self.folder)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mailbox", daemon=True)
        self._thread.start()
        try:
            self._port = asyncio.run_coroutine_threadsafe(self._open(), self._loop).result()
        except OSError as fault:
            self._shut()
            raise DemoFault(
                f"The mailbox cannot listen on {HOST}:{self._wanted_port}: {fault.strerror}. "
                f"Choose another port, or 0 for any."
            ) from fault
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._shut()

    async def _open(self) -> int:
        keeper = _Keeper(self.folder)
        self._server = await self._loop.create_server(
            lambda: SMTP(keeper, hostname="mailbox", enable_SMTPUTF8=True, loop=self._loop),
            host=HOST,
            port=self._wanted_port,
        )
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def _close(self) -> None:
        self._server.close()
        clients = asyncio.all_tasks() - {asyncio.current_task()}
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)

    def _shut(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._port = None
        self._lock.close()


class _Keeper:
    """Keeps each mail before it is acknowledged."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = _last_number(folder)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        try:
            number = self._keep(envelope)
        except OSError as fault:
            return f"451 4.3.0 The mailbox cannot keep this mail now: {fault.strerror}"
        return f"250 2.0.0 Kept as {number}"

    def _keep(self, envelope: Envelope) -> int:
        number = self._number + 1
        content = envelope.original_content or b""
        path = self._folder / f"{number:04}-{_file_name(envelope.rcpt_tos[0])}.eml"
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(content)
        unfinished.replace(path)
        self._number = number
        entry = {
            "number": number,
            "received": datetime.now(UTC).isoformat(),
            "sender": envelope.mail_from or "",
            "recipients": envelope.rcpt_tos,
            "message_id": _message_id(content),
            "file": path.name,
        }
        _append(self._folder / INDEX, json.dumps(entry) + "\n")
        return number


def read_mailbox(folder: Path) -> list[ReceivedMail]:
    """Every mail that was kept in `folder`, in the order they came."""
    try:
        lines = (folder / INDEX).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    return [_received(folder, line) for line in lines]


def _received(folder: Path, line: str) -> ReceivedMail:
    entry = json.loads(line)
    return ReceivedMail(
        number=entry["number"],
        received=datetime.fromisoformat(entry["received"]),
        sender=entry["sender"],
        recipients=tuple(entry["recipients"]),
        message_id=entry["message_id"],
        path=folder / entry["file"],
    )


def _take(folder: Path) -> TextIO:
    """Hold the folder: two servers in one would give out the same numbers."""
    lock = (folder / "mailbox.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise DemoFault(
            f"Another mailbox keeps its mail in {folder}: stop it or use another folder."
        ) from None
    return lock


def _last_number(folder: Path) -> int:
    numbers = [int(path.name.partition("-")[0]) for path in folder.glob("[0-9]*-*.eml")]
    return max(numbers, default=0)


def _file_name(recipient: str) -> str:
    """`recipient` as part of a file's name: nothing in it can leave the folder or hide the file."""
    return re.sub(r"[^\w.@+-]", "_", recipient)[:80]


def _message_id(content: bytes) -> str:
    return str(BytesHeaderParser().parsebytes(content).get("Message-ID", "")).strip()


def _append(path: Path, line: str) -> None:
    """Add one line in one write, so that a reader never sees half of it."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)
