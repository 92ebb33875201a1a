"""The club's media store: a folder, a bucket of S3, or one of Google Cloud Storage.

A write is seen whole or not at all: in a folder the file is written beside its place and renamed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from m2s_orchestration.errors import StoreFault

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import ObjectStore

# A run has mail to send: it does not wait long for a store that is away.
CONNECT = timedelta(seconds=5)
REQUEST = timedelta(seconds=30)
RETRYING = timedelta(seconds=20)


@dataclass(frozen=True)
class Stored:
    """A file of the store; `version` is another whenever its content was written anew."""

    path: str
    size: int  # bytes
    modified: datetime
    version: str


class MediaStore:
    """Files by their paths in a folder, `s3://bucket/prefix` or `gs://bucket/prefix`.

    How a bucket is reached (credentials, region, endpoint) the clouds' own variables say. Every
    method raises StoreFault where the store is away or refuses.
    """

    def __init__(self, place: str) -> None:
        self.place = place

    @property
    def is_bucket(self) -> bool:
        return "://" in self.place

    def address(self, path: str) -> str:
        """Where a file is, as a person would look for it."""
        return f"{self.place.rstrip('/')}/{path}"

    def write(self, path: str, content: bytes, media_type: str) -> None:
        """Write a file, in place of another of that path."""
        with self._faults_told("written", path):
            # A folder keeps no media types.
            attributes = {"Content-Type": media_type} if self.is_bucket else None
            self._store.put(path, content, attributes=attributes)

    def read(self, path: str, *, largest: int) -> bytes | None:
        """A file's content; None if there is none. Raises StoreFault if it is larger."""
        with self._faults_told("read", path):
            try:
                found = self._store.get(path)
            except FileNotFoundError:
                return None
            if found.meta["size"] > largest:
                raise StoreFault(
                    f"{self.address(path)} has {found.meta['size']:,} bytes, and {largest:,} is the"
                    " most that is read."
                )
            return found.bytes().to_bytes()

    def look(self, path: str) -> Stored | None:
        """What the store says of a file; None if there is none."""
        with self._faults_told("looked at", path):
            try:
                found = self._store.head(path)
            except FileNotFoundError:
                return None
            return _stored(found)

    def list(self, folder: str) -> Iterator[Stored]:
        """The files below a folder."""
        with self._faults_told("listed", folder):
            for found in self._store.list(folder):
                yield from map(_stored, found)

    def delete(self, path: str) -> None:
        """Delete a file, if it is there."""
        with self._faults_told("deleted", path):
            try:
                self._store.delete(path)
            except FileNotFoundError:
                return

    def keep_private(self, folder: str) -> None:
        """Let nobody but its owner into a folder; who may read a bucket its own rules say."""
        if self.is_bucket:
            return
        with self._faults_told("made", folder):
            place = Path(self.place, folder)
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            place.chmod(0o700)

    @cached_property
    def _store(self) -> ObjectStore:
        # Its library takes 10 MiB, and most runs publish nothing.
        from obstore.store import LocalStore, from_url

        if not self.is_bucket:
            return LocalStore(Path(self.place).absolute(), mkdir=True)
        return from_url(
            self.place,
            # Whether a store is spoken to in clear is decided by the endpoint that somebody named.
            client_options={"connect_timeout": CONNECT, "timeout": REQUEST, "allow_http": True},
            retry_config={"max_retries": 2, "retry_timeout": RETRYING},
        )

    @contextmanager
    def _faults_told(self, what: str, path: str) -> Iterator[None]:
        from obstore.exceptions import BaseError

        try:
            yield
        except (BaseError, OSError, ValueError) as error:
            text = str(error).strip().splitlines() or [type(error).__name__]
            raise StoreFault(
                f"{self.address(path)} could not be {what}: {text[0].rstrip('.')}. Check"
                f" that {self.place} is there and open to us, and for a bucket the credentials."
            ) from error


def _stored(found: ObjectMeta) -> Stored:
    modified = found["last_modified"]
    return Stored(
        path=found["path"],
        size=found["size"],
        modified=modified,
        version=found["e_tag"] or modified.isoformat(),
    )
