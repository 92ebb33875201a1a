"""m2s metrics: the figures of ledger and runs, for Prometheus to scrape."""

import signal
import threading

import click

from m2s_orchestration.notifications import NOTIFICATIONS
from m2s_orchestration.postgres import Database
from m2s_orchestration.settings import Settings


@click.command()
@click.option(
    "--port",
    default=9464,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Where to listen.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="On which address.")
def metrics(port: int, host: str) -> None:
    """Serve the figures of ledger, leases, runs and schedules at /metrics, until it is stopped.

    They are looked up at each scrape. docs/grafana.json is a dashboard of them, and the rules in
    docs/alert-rules.yaml tell of what is wrong.
    """
    settings = Settings.from_environment()
    # Dagster and the exporter's server take a second to import: only this needs them.
    from prometheus_client import start_http_server

    from m2s_orchestration.framework.execution import open_instance
    from m2s_orchestration.monitoring.metrics import registry_of

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with open_instance() as instance:
        registry = registry_of(Database(settings.database), instance, NOTIFICATIONS)
        server, thread = start_http_server(port, addr=host, registry=registry)
        click.echo(f"http://{host}:{server.server_port}/metrics")
        while not stop.wait(0.5):
            # Not one long wait, in which Python would not hear of a signal.
            pass
        server.shutdown()
        thread.join()
