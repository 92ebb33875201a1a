"""Sets up an installation: Dagster's programs, a club, a namespace; and takes it down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import yaml
from dagster_postgres import DagsterPostgresStorage

from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration.postgres import Database
from m2s_orchestration_tests.eventually import eventually
from m2s_orchestration_tests.kubernetes.chart import values
from m2s_orchestration_tests.kubernetes.cluster.cluster import Cluster
from m2s_orchestration_tests.kubernetes.cluster.rights import granted_in_values
from m2s_orchestration_tests.kubernetes.scenarios.balancer import Balancer
from m2s_orchestration_tests.kubernetes.scenarios.club import open_club
from m2s_orchestration_tests.kubernetes.scenarios.deployment import (
    ACCOUNT,
    ROLE,
    RUNS,
    SECRET,
    Deployment,
    Plan,
)
from m2s_orchestration_tests.kubernetes.scenarios.programs import (
    HOST,
    PATIENCE,
    Programs,
    free_port,
)
from m2s_orchestration_tests.kubernetes.scenarios.ui import LOCATION, Ui

ROOT = Path(__file__).parents[3]
IMAGE = values.image(values.read())


@contextmanager
def installed(
    plan: Plan, cluster: Cluster, postgres: EmbeddedPostgres, folder: Path
) -> Iterator[Deployment]:
    """Everything running and ready while the context lasts."""
    folder.mkdir()
    storage = _storage(postgres, f"dagster_{plan.name}")
    with ExitStack() as stack:
        club = stack.enter_context(open_club(postgres, f"club_{plan.name}"))
        secret = {**club.environment, "DAGSTER_PG_URL": storage.conninfo}
        cluster.prepare(plan.name, secret=SECRET, entries=secret)
        cluster.put_secret(plan.name, *_password_of_storage())
        cluster.let(ACCOUNT, plan.name, granted_in_values(ROLE))
        cluster.let(RUNS, plan.name, ())
        home = _home(plan, cluster)
        programs = stack.enter_context(Programs(folder, {**secret, "DAGSTER_HOME": str(home)}))
        balancer = stack.enter_context(Balancer(_code_servers(plan, programs)))
        workspace = folder / "workspace.yaml"
        server = {"host": HOST, "port": balancer.port, "location_name": LOCATION}
        workspace.write_text(json.dumps({"load_from": [{"grpc_server": server}]}))
        deployment = Deployment(
            plan=plan,
            cluster=cluster,
            club=club,
            storage=storage,
            ui=_webserver(programs, workspace),
            programs=programs,
            balancer=balancer,
            workspace=workspace,
        )
        deployment.start_daemon("daemon")
        eventually(deployment.ui.is_ready, within=PATIENCE, every=0.3)
        yield deployment


def _storage(postgres: EmbeddedPostgres, name: str) -> Database:
    """Dagster's storage, whose tables are there before several programs want to make them."""
    postgres.create_database(name)
    DagsterPostgresStorage(postgres_url=postgres.conninfo(name))
    return Database(postgres.conninfo(name))


def _home(plan: Plan, cluster: Cluster) -> Path:
    """A folder with our dagster.yaml, with the launcher as helm-values.yaml has it.

    Only what the laboratory's cluster is called differs. The folder is a place that each pod has to
    itself, so that what a run finds there is its own.
    """
    home = cluster.node.view / plan.name
    home.mkdir()
    instance = yaml.safe_load((ROOT / "dagster.yaml").read_text())
    instance["run_launcher"] = {
        "module": "dagster_k8s",
        "class": "K8sRunLauncher",
        "config": {
            **values.launcher_config(values.read()),
            "load_incluster_config": False,
            "kubeconfig_file": str(cluster.kubeconfig_of(ACCOUNT, plan.name)),
            "job_namespace": plan.name,
            "dagster_home": str(home),
        },
    }
    if not plan.one_at_a_time:
        del instance["concurrency"]["runs"]["tag_concurrency_limits"]
    (home / "dagster.yaml").write_text(json.dumps(instance))
    return home


def _password_of_storage() -> tuple[str, dict[str, str]]:
    """The secret that the chart reads it from; here the storage's address says all."""
    return values.read()["global"]["postgresqlSecretName"], {"postgresql-password": "not used"}


def _code_servers(plan: Plan, programs: Programs) -> list[int]:
    """The ports of the replicas of the user code deployment, when all are ready."""
    ports = {f"code-server-{number}": free_port() for number in range(plan.replicas)}
    for name, port in ports.items():
        programs.start(
            name,
            *("dagster", "api", "grpc", "--host", HOST, "--port", str(port)),
            *("--module-name", plan.module),
            # As the chart gives it, so that Dagster takes the replicas for one server.
            *("--fixed-server-id", plan.name),
            DAGSTER_CURRENT_IMAGE=IMAGE,
        )
    for name, port in ports.items():
        programs.await_port(name, port)
    return list(ports.values())


def _webserver(programs: Programs, workspace: Path) -> Ui:
    port = free_port()
    where = ("--host", HOST, "--port", str(port), "--workspace", str(workspace))
    programs.start("webserver", "dagster-webserver", *where)
    return Ui(port)
