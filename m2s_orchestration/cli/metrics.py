"""m2s metrics: the figures of ledger and runs, for Prometheus to scrape."""

import signal
import threading

import click

from m2s_orchestration.application.commands import COMMANDS
from m2s_orchestration.errors import BadSettings
from m2s_orchestration.notifications import NOTIFICATIONS
from m2s_orchestration.postgres import Database
from m2s_orchestration.settings import club_database


@click.command()
@click.option(
    "--port",
    default=9464,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Where to listen; 0 takes any that is free.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="On which address.")
def metrics(port: int, host: str) -> None:
    """Serve the figures of ledger, leases, runs and schedules at /metrics, until it is stopped.

    They are looked up at each scrape, but for what an hour has settled. A database that is away is
    one of the figures. What each means, and what to do at which alert: docs/monitoring.md.
    """
    database = Database(club_database())
    # Dagster and the exporter's server take a second to import: only this needs them.
    from prometheus_client import start_http_server

    from m2s_orchestration.monitoring.alert_operators import notification as alert
    from m2s_orchestration.monitoring.metrics.exporter import (
        Exporter,
        OpenedInstance,
        registry_of,
    )
    from m2s_orchestration.monitoring.metrics.watched import Watched

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    instance = OpenedInstance()
    watched = Watched(NOTIFICATIONS, alert, COMMANDS)
    registry = registry_of(Exporter(database, instance, watched))
    try:
        server, _ = start_http_server(port, addr=host, registry=registry)
    except OSError as error:
        raise BadSettings(f"Nobody can listen on {host}:{port}: {error}.") from error
    instance.wait()
    click.echo(f"http://{host}:{server.server_port}/metrics")
    stop.wait()
    server.shutdown()
    instance.close()
