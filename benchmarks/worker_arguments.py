"""Makes a run that waits for its worker: `python -m benchmarks.worker_arguments MODULE JOB CONFIG`.

Prints what the Kubernetes run launcher would put into the pod's command after `execute_run`.
"""

import json
import sys

import dagster as dg
from dagster._core.definitions.reconstruct import ReconstructableRepository
from dagster._grpc.types import ExecuteRunArgs


def arguments(module: str, job: str, config: dict[str, object]) -> str:
    """The worker's argument for a new run of the job."""
    repository = ReconstructableRepository.for_module(module, "defs")
    definition = repository.get_definition().get_job(job)
    origin = repository.get_reconstructable_job(job).get_python_origin()
    with dg.DagsterInstance.get() as instance:
        run = instance.create_run_for_job(
            definition, run_config=config, job_code_origin=origin, tags={}
        )
        return dg.serialize_value(
            ExecuteRunArgs(job_origin=origin, run_id=run.run_id, instance_ref=instance.get_ref())
        )


if __name__ == "__main__":
    print(arguments(sys.argv[1], sys.argv[2], json.loads(sys.argv[3])))
