"""The exporter as its own process, and what is read of it over HTTP."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from prometheus_client.parser import text_string_to_metric_families

from m2s_orchestration_tests.acceptance.conftest import Site
from m2s_orchestration_tests.eventually import eventually

Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]

# As long as Prometheus waits for an answer, if nobody told it otherwise.
PATIENCE_OF_PROMETHEUS = 10


@contextmanager
def exporter(
    site: Site, *, port: int = 0, environment: Mapping[str, str] = MappingProxyType({})
) -> Iterator[str]:
    """`m2s metrics` for this club; gives its address. It ends well when it is told to.

    If there is a Dagster, it is waited for: on a busy machine opening it takes a while.
    """
    arguments = ("metrics", "--port", str(port))
    process = site.start("m2s_orchestration.cli", *arguments, **environment)
    assert process.stdout
    try:
        address = process.stdout.readline().strip()
        assert address, process.communicate(timeout=30)[1]
        if "DAGSTER_PG_URL" in site.environment and "DAGSTER_PG_URL" not in environment:
            eventually(lambda: value(scrape(address), "m2s_up", database="dagster"), within=60)
        yield address
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors, errors


def page(address: str) -> str:
    """What it tells, as Prometheus gets it."""
    with urllib.request.urlopen(address, timeout=PATIENCE_OF_PROMETHEUS) as answer:
        text: str = answer.read().decode()
    return text


def scrape(address: str) -> Samples:
    """Every sample by its name and labels."""
    return samples_in(page(address))


def samples_in(text: str) -> Samples:
    """The samples of a page; the exporter's own needs are left out."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("m2s_")
    }


def value(samples: Samples, name: str, **labels: str) -> float | None:
    """One of them; None if it is not there."""
    return samples.get((name, frozenset(labels.items())))


def counters(samples: Samples) -> Samples:
    """Those that may only grow."""
    growing = ("_total", "_bucket", "_count", "_sum")
    return {key: number for key, number in samples.items() if key[0].endswith(growing)}
