"""Keeps the icons in the club's media store those of its present logo."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from m2s_orchestration.errors import BadLogo, BadSettings
from m2s_orchestration.postgres import Database, statements, translated
from m2s_orchestration.settings import Settings
from m2s_orchestration.uploads.store import MediaStore

SQL = statements(__package__, "logo.sql")

# What the icons in the store were made from. It is written last: without it nothing counts as made.
RECORD = "club-icons.json"
LARGEST_RECORD = 10_000  # bytes
LARGEST_LOGO = 20_000_000  # bytes


@dataclass(frozen=True)
class Source:
    """The club's logo as it is now: its path and its version in the store; neither if none."""

    logo: str = ""
    version: str = ""


@dataclass(frozen=True)
class Made:
    """What the icons were made from, and the version of each as we wrote it."""

    source: Source = field(default_factory=Source)
    background: str = ""
    icons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Refreshed:
    """What a refresh did: the bytes of each icon that it wrote, or that it removed them."""

    source: Source
    written: Mapping[str, int] = field(default_factory=dict)
    removed: tuple[str, ...] = ()


def media_store(settings: Settings) -> MediaStore:
    """The club's media store. Raises BadSettings where none is named."""
    if settings.media_store is None:
        raise BadSettings(
            "Neither MEDIA_ROOT nor MEDIA_STORE is set: say where the club's logo is, and where its"
            " icons are to be."
        )
    return MediaStore(settings.media_store)


def present_source(database: Database, store: MediaStore) -> Source:
    """The logo that the site's configuration names. Raises BadLogo if it is not in the store."""
    with database.connect("icons") as connection, translated():
        found = SQL["logo"].first(connection)
    logo = found[0] if found else ""
    if not logo:
        return Source()
    if "://" in logo:
        raise BadLogo(f"The club's logo is {logo}, which is not a file of its media store.")
    stored = store.look(logo)
    if stored is None:
        raise BadLogo(f"The club's logo is {logo}, and there is no {store.address(logo)}.")
    return Source(logo, stored.version)


def read_picture(store: MediaStore, source: Source) -> bytes:
    """The logo's file. Raises BadLogo if it went meanwhile."""
    content = store.read(source.logo, largest=LARGEST_LOGO)
    if content is None:
        raise BadLogo(f"There is no {store.address(source.logo)} any more.")
    return content


def what_is_made(store: MediaStore) -> Made | None:
    """What was made last; None if nothing was, or if the record of it cannot be read."""
    text = store.read(RECORD, largest=LARGEST_RECORD)
    try:
        told = json.loads(text or b"null")
        return Made(Source(**told["source"]), str(told["background"]), dict(told["icons"]))
    except (KeyError, TypeError, ValueError):
        return None


def what_is_wrong(store: MediaStore, source: Source) -> str:
    """Why the icons are not those of the logo; empty if they are."""
    made = what_is_made(store)
    if made is None:
        return "no icons were made yet" if source.logo else ""
    if made.source != source:
        return "the club has another logo" if source.logo else "the club has no logo any more"
    for name, version in made.icons.items():
        found = store.look(name)
        if found is None or found.version != version:
            return f"{name} was {'changed' if found else 'removed'} by somebody else"
    return ""


def refresh(store: MediaStore, source: Source, background: str | None = None) -> Refreshed:
    """Make the icons of the logo, all of them before the first is written; remove those of none.

    Without a background it is the one of last time. Raises BadLogo, and leaves the old ones then.
    """
    before = what_is_made(store) or Made()
    if not source.logo:
        for name in (*before.icons, RECORD):
            store.delete(name)
        return Refreshed(source, removed=tuple(before.icons))
    # Pictures take memory: only who makes some imports what makes them.
    from m2s_orchestration.icons.draw import site_icons
    from m2s_orchestration.icons.logo import read_logo

    chosen = before.background if background is None else background
    picture = read_logo(read_picture(store, source), source.logo)
    icons = site_icons(picture, chosen)
    for name, icon in icons.items():
        store.write(name, icon.content, icon.media_type)
    versions = {name: stored.version for name in icons if (stored := store.look(name))}
    record = json.dumps(asdict(Made(source, chosen, versions)), indent=1)
    store.write(RECORD, record.encode(), "application/json")
    return Refreshed(source, written={name: len(icon.content) for name, icon in icons.items()})
