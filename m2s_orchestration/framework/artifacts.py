"""Publishes the files that a run makes, under names that cannot be guessed, and for a while."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from mimetypes import guess_type
from pathlib import Path

from m2s_orchestration.errors import BadUpload, StoreFault
from m2s_orchestration.framework.decision import Artifact
from m2s_orchestration.uploads.categories import exports
from m2s_orchestration.uploads.names import upload_path
from m2s_orchestration.uploads.store import MediaStore
from m2s_orchestration.urls import is_on_the_web

# As long as the ledger keeps the bytes of mails that are settled: both name people.
KEPT = timedelta(days=90)


@dataclass
class Published:
    """What became of a run's files, by name: where each is, or why it is nowhere."""

    places: dict[str, str] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)


def publish(
    artifacts: Sequence[Artifact],
    store: MediaStore,
    *,
    subject: str,
    media_url: str | None,
    now: datetime,
) -> Published:
    """Write the files to the store, and remove what was published on the subject too long ago.

    A fault is told and does not end the run, which has mail to send.
    """
    published = Published()
    for artifact in artifacts:
        try:
            path = _write(artifact, store, subject)
        except (BadUpload, StoreFault) as fault:
            published.faults[artifact.name] = str(fault)
        else:
            published.places[artifact.name] = _link(store, path, media_url)
    # A store that is away would only be waited for once more.
    if artifacts and not published.faults:
        try:
            remove_old(store, subject, before=now - KEPT)
        except StoreFault as fault:
            published.faults["what is old"] = str(fault)
    return published


def publish_pages(
    folder: Path, store: MediaStore, *, subject: str, media_url: str | None, now: datetime
) -> str:
    """Write a folder of pages to the store, in a folder that cannot be guessed; returns its index.

    Raises StoreFault. What was published on the subject too long ago is removed.
    """
    category = exports(subject)
    store.keep_private(category.folder)
    place = upload_path(category, f"{folder.name}.html").removesuffix(".html")
    for file in sorted(item for item in folder.rglob("*") if item.is_file()):
        media_type = guess_type(file.name)[0] or "application/octet-stream"
        path = f"{place}/{file.relative_to(folder).as_posix()}"
        store.write(path, file.read_bytes(), media_type)
    remove_old(store, subject, before=now - KEPT)
    return _link(store, f"{place}/index.html", media_url)


def remove_old(store: MediaStore, subject: str, *, before: datetime) -> None:
    """Remove what was published on a subject before a moment."""
    for found in list(store.list(exports(subject).folder)):
        if found.modified < before:
            store.delete(found.path)


def _write(artifact: Artifact, store: MediaStore, subject: str) -> str:
    category = exports(subject)
    store.keep_private(category.folder)
    path = upload_path(category, artifact.name)
    store.write(path, artifact.content, artifact.media_type)
    return path


def _link(store: MediaStore, path: str, media_url: str | None) -> str:
    if media_url and is_on_the_web(media_url):
        return f"{media_url.rstrip('/')}/{path}"
    return store.address(path)
