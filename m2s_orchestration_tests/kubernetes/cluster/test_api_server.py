"""The loopback API server: it takes what a cluster takes, refuses the rest, and runs the pods."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from m2s_orchestration_tests.eventually import eventually
from m2s_orchestration_tests.kubernetes.cluster import containers, job_controller, memory
from m2s_orchestration_tests.kubernetes.cluster.api_server import ApiServer, write_kubeconfig
from m2s_orchestration_tests.kubernetes.cluster.cluster import Cluster, cluster_of
from m2s_orchestration_tests.kubernetes.cluster.real_cluster import HasNodes, NoAnswer, real_cluster
from m2s_orchestration_tests.kubernetes.cluster.rights import Right
from m2s_orchestration_tests.kubernetes.cluster.store import Object
from m2s_orchestration_tests.kubernetes.objects.manifests import refusals
from m2s_orchestration_tests.kubernetes.scenarios.deployment import pod_tag

SPACE = "club"
ACCOUNT = "dagster"
MAY = (Right("batch", "jobs", "create"), Right("", "pods", "list"))
# Takes more than it may, and stays, so that whoever watches sees it.
EATER = ("python", "-c", "import time; octets = bytearray(300 * 2**20); time.sleep(60)")

numbers = count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with ApiServer(tmp_path_factory.mktemp("cluster")) as server:
        yield server


@pytest.fixture(scope="module")
def cluster(server: ApiServer) -> Cluster:
    cluster = cluster_of(server)
    cluster.prepare(SPACE, secret="env", entries={"GREETING": "good day"})
    cluster.let(ACCOUNT, SPACE, MAY)
    return cluster


@pytest.fixture(scope="module")
def batch(server: ApiServer, cluster: Cluster) -> client.BatchV1Api:
    return client.BatchV1Api(config.new_client_from_config(str(server.kubeconfig())))


def job(*command: str, memory: str | None = None, secret: str = "env", **spec: Any) -> Object:
    """A Job with one container, never retried."""
    container: Object = {"name": "main", "image": "some/image:1", "args": list(command)}
    container["envFrom"] = [{"secretRef": {"name": secret}}]
    container["securityContext"] = {"readOnlyRootFilesystem": True}
    if memory:
        container["resources"] = {"limits": {"memory": memory}}
    pod = {"restartPolicy": "Never", "containers": [container], "serviceAccountName": ACCOUNT}
    pod |= spec.pop("pod", {})
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": f"job-{next(numbers)}"},
        "spec": {"backoffLimit": 0, **spec, "template": {"spec": pod}},
    }


def name_of(made: Object) -> str:
    name: str = made["metadata"]["name"]
    return name


def condition(cluster: Cluster, made: Object) -> Object:
    """How the Job ended, when it has."""

    def ended() -> Object | None:
        status = cluster.jobs(SPACE)[name_of(made)].get("status", {})
        return next(iter(status.get("conditions", [])), None)

    return eventually(ended, within=30)


def terminated(cluster: Cluster, made: Object) -> Object:
    """How the Job's only pod ended, when it has."""

    def ended() -> Object | None:
        for pod in cluster.pods(SPACE, name_of(made)):
            for status in pod["status"].get("containerStatuses", []):
                found: Object | None = status["state"].get("terminated")
                return found
        return None

    return eventually(ended, within=30)


def running(cluster: Cluster, made: Object) -> Object:
    """The Job's only pod, when it runs."""

    def runs() -> Object | None:
        pods = cluster.pods(SPACE, name_of(made))
        return next((pod for pod in pods if pod["status"]["phase"] == "Running"), None)

    return eventually(runs, within=30)


def test_a_pod_is_a_process_with_its_secret_and_its_log(
    cluster: Cluster, batch: client.BatchV1Api
) -> None:
    made = job("sh", "-c", "echo $GREETING; echo work; echo done")

    batch.create_namespaced_job(SPACE, made)

    assert condition(cluster, made)["type"] == "Complete"
    assert terminated(cluster, made)["exitCode"] == 0
    (pod,) = cluster.pods(SPACE, name_of(made))
    assert cluster.log(pod) == "good day\nwork\ndone\n"
    assert cluster.log(pod, last=1) == "done\n"


def test_a_pod_that_fails_ends_its_job(cluster: Cluster, batch: client.BatchV1Api) -> None:
    made = job("sh", "-c", "exit 3")

    batch.create_namespaced_job(SPACE, made)

    assert condition(cluster, made)["reason"] == "BackoffLimitExceeded"
    assert terminated(cluster, made) | {"finishedAt": ""} == {
        "exitCode": 3,
        "reason": "Error",
        "finishedAt": "",
    }


def test_a_job_may_have_another_pod_after_one_that_failed(
    cluster: Cluster, batch: client.BatchV1Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_controller, "FIRST_PAUSE", 0.0)
    made = job("false", backoffLimit=1)

    batch.create_namespaced_job(SPACE, made)

    assert condition(cluster, made)["reason"] == "BackoffLimitExceeded"
    assert cluster.jobs(SPACE)[name_of(made)]["status"]["failed"] == 2


def test_a_job_that_takes_too_long_is_ended(cluster: Cluster, batch: client.BatchV1Api) -> None:
    made = job("sleep", "600", activeDeadlineSeconds=300, pod={"terminationGracePeriodSeconds": 0})
    batch.create_namespaced_job(SPACE, made)
    running(cluster, made)

    cluster.let_pass(300, name_of(made), SPACE)

    assert condition(cluster, made)["reason"] == "DeadlineExceeded"
    eventually(lambda: not cluster.pods(SPACE, name_of(made)))


@pytest.fixture(params=["by the kernel", "by a watch"])
def guard(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    guard: str = request.param
    if guard == "by a watch":
        monkeypatch.setattr(memory, "_control_group", lambda _: None)
    return guard


def test_a_pod_that_needs_more_memory_than_its_limit_is_killed(
    cluster: Cluster, batch: client.BatchV1Api, guard: str
) -> None:
    made = job(*EATER, memory="100Mi")

    batch.create_namespaced_job(SPACE, made)

    assert terminated(cluster, made) | {"finishedAt": ""} == {
        "exitCode": 137,
        "reason": "OOMKilled",
        "finishedAt": "",
    }


def test_a_pod_waits_for_its_secret(cluster: Cluster, batch: client.BatchV1Api) -> None:
    made = job("true", secret="that-comes-late")
    batch.create_namespaced_job(SPACE, made)

    def waiting() -> str | None:
        for pod in cluster.pods(SPACE, name_of(made)):
            for status in pod["status"].get("containerStatuses", []):
                reason: str = status["state"]["waiting"]["reason"]
                return reason
        return None

    assert eventually(waiting) == "CreateContainerConfigError"
    cluster.put_secret(SPACE, "that-comes-late", {})
    assert condition(cluster, made)["type"] == "Complete"


def test_who_is_asked_to_end_has_its_grace_and_then_no_more(
    cluster: Cluster, batch: client.BatchV1Api
) -> None:
    deaf = job(
        "sh", "-c", "trap '' TERM; echo; sleep 600", pod={"terminationGracePeriodSeconds": 1}
    )
    batch.create_namespaced_job(SPACE, deaf)
    pod = running(cluster, deaf)
    eventually(lambda: cluster.log(pod))

    cluster.evict(pod)

    assert condition(cluster, deaf)["reason"] == "BackoffLimitExceeded"
    eventually(lambda: not cluster.pods(SPACE, name_of(deaf)))
    assert "Killing" in cluster.events(SPACE, name_of(pod))


def test_who_listens_ends_as_it_likes(cluster: Cluster, batch: client.BatchV1Api) -> None:
    made = job("sh", "-c", "trap 'echo farewell; exit 0' TERM; echo; sleep 600 & wait")
    batch.create_namespaced_job(SPACE, made)
    pod = running(cluster, made)
    eventually(lambda: cluster.log(pod))

    cluster.evict(pod)

    eventually(lambda: "farewell" in Path(log_of(cluster, pod)).read_text())


def log_of(cluster: Cluster, pod: Object) -> str:
    return str(cluster.node.view.parent / f"{pod['metadata']['uid']}.log")


def test_a_job_that_is_deleted_without_a_policy_leaves_its_pods(
    cluster: Cluster, batch: client.BatchV1Api
) -> None:
    made = job("sleep", "600", pod={"terminationGracePeriodSeconds": 0})
    batch.create_namespaced_job(SPACE, made)
    pod = running(cluster, made)

    batch.delete_namespaced_job(name_of(made), SPACE)

    assert name_of(made) not in cluster.jobs(SPACE)
    assert running(cluster, made)["metadata"].get("ownerReferences") is None
    client.CoreV1Api(batch.api_client).delete_namespaced_pod(name_of(pod), SPACE)
    eventually(lambda: not cluster.pods(SPACE, name_of(made)))


def test_a_job_that_is_deleted_with_all_that_is_its_takes_its_pods(
    cluster: Cluster, batch: client.BatchV1Api
) -> None:
    made = job("sleep", "600", pod={"terminationGracePeriodSeconds": 0})
    batch.create_namespaced_job(SPACE, made)
    running(cluster, made)

    batch.delete_namespaced_job(name_of(made), SPACE, propagation_policy="Background")

    eventually(lambda: not cluster.pods(SPACE, name_of(made)))


def test_a_job_that_is_over_goes_after_its_time_to_live(
    cluster: Cluster, batch: client.BatchV1Api
) -> None:
    made = job("true", ttlSecondsAfterFinished=0)

    batch.create_namespaced_job(SPACE, made)

    eventually(lambda: name_of(made) not in cluster.jobs(SPACE))
    eventually(lambda: not cluster.pods(SPACE, name_of(made)))


@pytest.mark.skipif(not containers.namespaces(), reason="no namespaces may be made here")
def test_a_pod_has_its_name_its_processes_and_its_files_to_itself(
    cluster: Cluster, batch: client.BatchV1Api
) -> None:
    look = "hostname; echo $$; ls $HOME; touch $HOME/left $TMPDIR/left; touch /usr/left || echo no"
    for _ in range(2):
        made = job("sh", "-c", look)
        batch.create_namespaced_job(SPACE, made)
        condition(cluster, made)

    (pod,) = cluster.pods(SPACE, name_of(made))
    lines = cluster.log(pod).splitlines()
    assert lines[:2] == [name_of(pod), "1"]
    assert lines[-1] == "no"
    assert "left" not in lines
    assert not Path("/usr/left").exists()


def test_without_namespaces_a_pod_has_at_least_a_folder_of_its_own(
    cluster: Cluster, batch: client.BatchV1Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers, "namespaces", tuple)
    made = job("sh", "-c", "ls $HOME; echo $HOME; kill -9 $$")

    batch.create_namespaced_job(SPACE, made)

    assert terminated(cluster, made)["exitCode"] == 137
    (pod,) = cluster.pods(SPACE, name_of(made))
    assert cluster.log(pod).splitlines() == [f"{cluster.node.view}/{name_of(pod)}/home"]


def changed(change: Callable[[Object], None]) -> Object:
    made = copy.deepcopy(job("true"))
    change(made)
    return made


def container(made: Object) -> Object:
    found: Object = made["spec"]["template"]["spec"]["containers"][0]
    return found


REFUSED: dict[str, Callable[[Object], object]] = {
    "a key that there is not": lambda made: made["spec"].update(backofLimit=0),
    "a wrong type": lambda made: made["spec"].update(backoffLimit="none"),
    "a number too small": lambda made: made["spec"].update(activeDeadlineSeconds=0),
    "no quantity": lambda made: container(made).update(resources={"limits": {"memory": "1MiB"}}),
    "more asked for than may be had": lambda made: container(made).update(
        resources={"requests": {"memory": "2Gi"}, "limits": {"memory": "1Gi"}}
    ),
    "a Job that restarts for ever": lambda made: made["spec"]["template"]["spec"].update(
        restartPolicy="Always"
    ),
    "no image": lambda made: container(made).pop("image"),
    "a mount of nothing": lambda made: container(made).update(
        volumeMounts=[{"name": "nothing", "mountPath": "/nothing"}]
    ),
    "a name with capitals": lambda made: made["metadata"].update(name="Job"),
    "a label too long": lambda made: made["metadata"].update(labels={"run": "x" * 64}),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_a_cluster_would_not_take_is_refused(what: str) -> None:
    made = job("true")
    assert refusals(made) == []

    REFUSED[what](made)

    assert refusals(made)


def test_a_refusal_says_what_is_wrong(batch: client.BatchV1Api) -> None:
    made = job("true", memory="1MiB")

    with pytest.raises(ApiException) as refusal:
        batch.create_namespaced_job(SPACE, made)

    assert refusal.value.status == 422
    assert "'1MiB' is no quantity" in refusal.value.body


def test_a_name_is_given_once(batch: client.BatchV1Api) -> None:
    made = job("true")
    batch.create_namespaced_job(SPACE, made)

    with pytest.raises(ApiException) as refusal:
        batch.create_namespaced_job(SPACE, made)

    assert refusal.value.status == 409


def test_an_account_may_do_what_its_role_says_and_nothing_else(
    server: ApiServer, cluster: Cluster
) -> None:
    file = cluster.kubeconfig_of(ACCOUNT, SPACE)
    account = config.new_client_from_config(str(file))
    core = client.CoreV1Api(account)
    assert core.list_namespaced_pod(SPACE)

    forbidden_calls: list[Callable[[], object]] = [
        lambda: core.read_namespaced_secret("env", SPACE),
        lambda: core.list_namespaced_secret(SPACE),
        lambda: core.list_namespaced_pod(SPACE, watch=True),
        core.list_pod_for_all_namespaces,
        lambda: client.BatchV1Api(account).delete_collection_namespaced_job(SPACE),
    ]
    for forbidden in forbidden_calls:
        with pytest.raises(ApiException) as refusal:
            forbidden()
        assert refusal.value.status == 403

    calls = cluster.calls(SPACE, ACCOUNT) or []
    assert [call.status for call in calls] == [200, 403, 403, 403, 403, 403]
    assert {call.right for call in calls} & set(MAY) == {calls[0].right}


def test_a_stranger_is_nobody(server: ApiServer) -> None:
    assert server.respond("GET", "/api/v1/namespaces/club/pods", "no token", b"").status == 401


def test_one_run_may_differ_from_what_its_notification_declares() -> None:
    tag = pod_tag("send_maintenance_digest", {"job_spec_config": {"active_deadline_seconds": 1}})

    assert '"active_deadline_seconds": 1' in tag["dagster-k8s/config"]
    assert '"limits"' in tag["dagster-k8s/config"]


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[ApiServer]:
    """An API server whose pods nobody runs."""
    (tmp_path / "server").mkdir()
    with ApiServer(tmp_path / "server", runs_pods=False) as server:
        yield server


def test_pods_run_as_well_for_an_api_server_that_knows_nothing_of_their_node(
    bare: ApiServer, tmp_path: Path
) -> None:
    with real_cluster(bare.kubeconfig(), tmp_path) as remote:
        remote.prepare(SPACE, secret="env", entries={"GREETING": "good day"})
        remote.let(ACCOUNT, SPACE, MAY)
        batch = client.BatchV1Api(config.new_client_from_config(str(bare.kubeconfig())))
        good = job("sh", "-c", 'test "$GREETING" = "good day"')
        slow = job("sleep", "600", activeDeadlineSeconds=300)
        slow["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 0
        for made in (good, slow):
            batch.create_namespaced_job(SPACE, made)
        running(remote, slow)
        remote.let_pass(300, name_of(slow), SPACE)

        assert condition(remote, good)["type"] == "Complete"
        assert condition(remote, slow)["reason"] == "DeadlineExceeded"
        eventually(lambda: not remote.pods(SPACE, name_of(slow)))
        assert remote.calls(SPACE, ACCOUNT) is None


def test_a_cluster_with_nodes_is_left_alone(bare: ApiServer, tmp_path: Path) -> None:
    bare.store.create("nodes", "", {"metadata": {"name": "somebodys"}})

    with pytest.raises(HasNodes, match="somebodys"), real_cluster(bare.kubeconfig(), tmp_path):
        pass

    assert bare.store.all("namespaces") == []


def test_a_cluster_that_does_not_answer_is_told(tmp_path: Path) -> None:
    kubeconfig = write_kubeconfig(tmp_path / "nobody", {"server": "http://127.0.0.1:9"}, "token")

    with pytest.raises(NoAnswer, match="no API server that answers"):
        real_cluster(kubeconfig, tmp_path).__enter__()
