"""The demo's web pages: the mailbox, the documents, and the files that runs have published."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from m2s_orchestration.demo import documents_page, mailbox_page
from m2s_orchestration.demo.answer import Answer
from m2s_orchestration.demo.mailbox import HOST
from m2s_orchestration.errors import DemoFault


@contextmanager
def serve(folder: Path, port: int = 0) -> Iterator[str]:
    """Show what lies in the demo's folder on 127.0.0.1 while this lasts; yields the address."""
    try:
        server = ThreadingHTTPServer((HOST, port), partial(_Page, folder))
    except OSError as fault:
        raise DemoFault(
            f"The demo's pages cannot listen on {HOST}:{port}: {fault.strerror}. "
            f"Choose another port, or 0 for any."
        ) from fault
    serve = partial(server.serve_forever, poll_interval=0.05)
    thread = threading.Thread(target=serve, name="demo-pages", daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answer(folder: Path, path: str) -> Answer | None:
    """What the page at `path` shows; None if there is no such page."""
    if path.startswith("/docs/"):
        return documents_page.document(path.removeprefix("/docs/"))
    if path.startswith("/media/"):
        return documents_page.published(folder / "media", path.removeprefix("/media/"))
    return mailbox_page.answer(folder / "mailbox", path)


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
