"""A gallery of mails: an index and a page for each, with its HTML, text, headers, attachments."""

from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from importlib import resources
from pathlib import Path

import jinja2

from m2s_orchestration.framework.planning import RenderedMessage
from m2s_orchestration.framework.run import NotificationRun

TEMPLATES = jinja2.Environment(
    loader=jinja2.DictLoader(
        {
            name: resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
            for name in ("gallery.html", "gallery_mail.html")
        }
    ),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
)


@dataclass(frozen=True)
class File:
    """An attachment as the gallery keeps it."""

    name: str
    media_type: str
    size: int  # bytes


@dataclass(frozen=True)
class Page:
    """One mail of the gallery; `folder` is relative to the index."""

    folder: str
    to: str
    subject: str
    text: str
    headers: tuple[tuple[str, str], ...]
    files: tuple[File, ...]


def write_gallery(run: NotificationRun, folder: Path) -> Path:
    """Write the pages of a rehearsal to a folder; returns the index."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = [
        _write_mail(item, folder, number)
        for number, item in enumerate(run.rendering.messages, start=1)
    ]
    index = folder / "index.html"
    index.write_text(
        TEMPLATES.get_template("gallery.html").render(
            notification=run.notification,
            occurrence=run.request.occurrence,
            club=run.evaluation.club,
            decision=run.evaluation.decision,
            passed_over=(*run.evaluation.decision.passed_over, *run.rendering.passed_over),
            pages=pages,
        ),
        encoding="utf-8",
    )
    return index


def _write_mail(item: RenderedMessage, folder: Path, number: int) -> Page:
    mail = message_from_bytes(item.mail.content, policy=policy.default)
    place = folder / f"mail-{number:04}"
    place.mkdir(exist_ok=True)
    (place / "message.eml").write_bytes(item.mail.content)
    (place / "body.html").write_text(item.rendered.html, encoding="utf-8")
    page = Page(
        folder=place.name,
        to=item.mail.address,
        subject=item.mail.subject,
        text=item.rendered.text,
        headers=tuple((name, str(value)) for name, value in mail.items()),
        files=tuple(_write_file(part, place) for part in mail.iter_attachments()),
    )
    template = TEMPLATES.get_template("gallery_mail.html")
    (place / "index.html").write_text(template.render(page=page), encoding="utf-8")
    return page


def _write_file(part: EmailMessage, place: Path) -> File:
    name = Path(part.get_filename() or "attachment").name
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    (place / name).write_bytes(content)
    return File(name=name, media_type=part.get_content_type(), size=len(content))
