"""How a run tells what it came to: a tag, and a failure in words that a person can use."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from m2s_orchestration.errors import (
    BadParameter,
    BadSettings,
    ClubFault,
    OrchestrationError,
    UnlawfulSettlement,
)
from m2s_orchestration.framework import tags


@contextmanager
def faults_told(context: dg.OpExecutionContext) -> Iterator[None]:
    """Turn a fault into the run's failure."""
    try:
        yield
    except OrchestrationError as fault:
        refused = isinstance(fault, BadParameter | BadSettings | ClubFault | UnlawfulSettlement)
        tell_outcome(context, "refused" if refused else "incomplete")
        raise dg.Failure(
            description=str(fault),
            metadata={"fault": type(fault).__name__},
            allow_retries=False,
        ) from None
    except dg.DagsterExecutionInterruptedError:
        # Asked to stop: by a person, by a node that is drained, or past a deadline.
        tell_outcome(context, "incomplete")
        raise


def tell_outcome(context: dg.OpExecutionContext, outcome: str) -> None:
    """Tag the run with what it came to."""
    context.instance.add_run_tags(context.run_id, {tags.OUTCOME: outcome})
