"""What Dagster costs by itself: a job of three ops that do nothing, in one process.

`python -m benchmarks.bare_dagster` executes it in this process, as `m2s run` does its jobs.
"""

import dagster as dg


@dg.op(out=dg.Out(dg.Nothing))
def first() -> None:
    """Nothing."""


@dg.op(ins={"after": dg.In(dg.Nothing)}, out=dg.Out(dg.Nothing))
def second() -> None:
    """Nothing."""


@dg.op(ins={"after": dg.In(dg.Nothing)}, out=dg.Out(dg.Nothing))
def third() -> None:
    """Nothing."""


@dg.job(executor_def=dg.in_process_executor)
def three_ops() -> None:
    """One op after the other."""
    third(second(first()))


defs = dg.Definitions(jobs=[three_ops])

if __name__ == "__main__":
    with dg.DagsterInstance.get() as instance:
        dg.execute_job(dg.reconstructable(three_ops), instance=instance)
