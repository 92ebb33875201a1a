"""`make image`: carry out the Dockerfile, start what compose.yaml says from it, and tell it apart.

It needs Linux, root, and Debian's packages podman, runc, iproute2 and (where no registry can be
reached) debootstrap; it takes a few minutes. The containers run where there is no network but the
loopback interface.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from m2s_orchestration.demo.mailbox import Mailbox
from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration_tests.eventually import eventually
from m2s_orchestration_tests.kubernetes.chart import values
from m2s_orchestration_tests.kubernetes.image.composed import Composed, services
from m2s_orchestration_tests.kubernetes.image.engine import build
from m2s_orchestration_tests.kubernetes.table import Row, show

PAGE = "http://127.0.0.1:3000"
PATIENCE = 300.0
AGING = "notify_aging_logsheets"
LAUNCH = """
mutation ($selector: JobOrPipelineSelector!, $config: RunConfigData!) {
  launchRun(executionParams: {selector: $selector, runConfigData: $config, mode: "default"}) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
  }
}
"""
STATUS = "query ($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
# From outside, as root of the container would be needed for any other answer.
UNCHANGEABLE = "! touch /opt/m2s/x && ! touch /x && ! touch /opt/dagster/x && touch /tmp/x"


def rows() -> Iterator[Row]:
    """Start every service of ours, have it do its part, and end it."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/tmp")))
        postgres = stack.enter_context(EmbeddedPostgres(folder / "postgres"))
        mailbox = stack.enter_context(Mailbox(folder / "mailbox"))
        for database in ("club", "dagster"):
            postgres.create_database(database)
        composed = Composed(postgres, mailbox, _limits())
        composed.clean()
        stack.callback(composed.clean)
        yield from _club(composed)
        yield from _starts(composed)
        yield _doctor(composed)
        yield _run(composed)
        yield from _ends(composed)


def _limits() -> dict[str, str]:
    """The memory that helm-values.yaml allows each."""
    told = values.read()
    having = {
        "code": values.code_server(told),
        "webserver": told["dagsterWebserver"],
        "daemon": told["dagsterDaemon"],
    }
    return {
        name: given["resources"]["limits"]["memory"].replace("Mi", "m")
        for name, given in having.items()
    }


def _club(composed: Composed) -> Iterator[Row]:
    for scenario, wanted in (
        ("loads the demo club", "The demo club is loaded."),
        ("begins a second time", "There is a club in this database already; it is left as it is."),
    ):
        printed = composed.run("club")
        yield Row("image: club", scenario, printed, printed == wanted)


def _starts(composed: Composed) -> Iterator[Row]:
    probe = values.code_server(values.read())["readinessProbe"]["exec"]["command"]
    alive = values.read()["dagsterDaemon"]["livenessProbe"]["exec"]["command"]
    health = services()["code"]["healthcheck"]["test"][1:]
    questions: dict[str, Callable[[], bool]] = {
        "code": lambda: composed.ask("code", *probe) and composed.ask("code", *health),
        "webserver": lambda: bool(_get("/server_info")),
        "daemon": lambda: composed.ask("daemon", *alive),
    }
    for name, question in questions.items():
        composed.start(name)
        answered = _within_patience(question)
        yield Row(
            f"image: {name}",
            "starts with a read-only root, and its probe answers",
            "yes" if answered else composed.logs(name)[-500:],
            answered,
        )
        kept = composed.ask(name, "sh", "-c", f'test "$(id -u)" = 10001 && {UNCHANGEABLE}')
        yield Row(f"image: {name}", "is not root, and can change nothing", _yes(kept), kept)


def _doctor(composed: Composed) -> Row:
    lines = composed.said("code", "m2s", "doctor").splitlines()
    found = [line for line in lines if not line.startswith("well ")]
    outcome = "; ".join(found) or f"{len(lines)} things are well"
    return Row("image: code", "m2s doctor, asked in it", outcome, bool(lines) and not found)


def _run(composed: Composed) -> Row:
    before = len(composed.mailbox.messages())
    launched = _graphql(
        LAUNCH,
        selector={
            "pipelineName": AGING,
            "repositoryName": "__repository__",
            "repositoryLocationName": "grpc:code:3030",
        },
        config={"as_of": "2026-03-01T08:00:00+00:00", "send_late": True},
    )["launchRun"]
    identity = launched.get("run", {}).get("runId")
    ended = {"SUCCESS", "FAILURE", "CANCELED"}
    status = _within_patience(lambda: _status(identity) in ended) and _status(identity)
    sent = len(composed.mailbox.messages()) - before
    return Row(
        "image: a run",
        "launched in the UI, taken by the daemon, run from the code location",
        f"{status or launched}, {sent} mails",
        status == "SUCCESS" and sent > 0,
    )


def _ends(composed: Composed) -> Iterator[Row]:
    for name in ("daemon", "webserver", "code"):
        peak, limit = composed.peak(name), composed.limits[name]
        code = composed.stop(name)
        outcome = f"exit {code}; at most {peak} MiB were used of {limit.removesuffix('m')}"
        yield Row(f"image: {name}", "is told to end", outcome, code in {0, 143})


def _status(identity: str) -> str:
    status: str = _graphql(STATUS, id=identity)["runOrError"]["status"]
    return status


def _graphql(question: str, **variables: object) -> dict[str, Any]:
    body = json.dumps({"query": question, "variables": variables}).encode()
    answer = json.loads(_get("/graphql", body))
    if "errors" in answer:
        raise RuntimeError(str(answer["errors"]))
    found: dict[str, Any] = answer["data"]
    return found


def _get(path: str, body: bytes | None = None) -> bytes:
    request = Request(f"{PAGE}{path}", data=body, headers={"Content-Type": "application/json"})
    with suppress(URLError, ConnectionError), urlopen(request, timeout=30) as answer:
        content: bytes = answer.read()
        return content
    return b""


def _within_patience(question: Callable[[], bool]) -> bool:
    try:
        return eventually(question, within=PATIENCE)
    except AssertionError:
        return False


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"


def main() -> int:
    """Build, then begin again where there is no network; exit status 1 if a row does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--built", help="on what the image was built; this process has no network")
    arguments = parser.parse_args()
    if not arguments.built:
        again = [sys.executable, "-m", "m2s_orchestration_tests.kubernetes.image", "--built"]
        os.execvp("unshare", ["unshare", "--net", "--", *again, build()])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    found = [Row("image", "the Dockerfile is carried out", f"on {arguments.built}", holds=True)]
    found += rows()
    return show("Image", found)


if __name__ == "__main__":
    sys.exit(main())
