"""An S3 server on this machine, and the variables by which it is found."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from moto.server import ThreadedMotoServer

BUCKET = "club-media"


@dataclass(frozen=True)
class S3Server:
    """A server with one empty bucket."""

    place: str
    environment: dict[str, str]


def reached_at(endpoint: str) -> dict[str, str]:
    """The variables that lead to an S3 server at an address."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "club",
        "AWS_SECRET_ACCESS_KEY": "a-secret-of-the-clubs",
        "AWS_REGION": "us-east-1",
    }


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """The server, on a port of its own, until the block ends."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        # All servers of a process share what they hold.
        for method, path in (("POST", "moto-api/reset"), ("PUT", BUCKET)):
            asked = urllib.request.Request(f"{endpoint}/{path}", method=method)
            urllib.request.urlopen(asked, timeout=10).close()
        yield S3Server(place=f"s3://{BUCKET}/files", environment=reached_at(endpoint))
    finally:
        server.stop()
