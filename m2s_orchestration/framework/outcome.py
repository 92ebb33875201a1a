"""How a run tells what it came to: a tag, and a failure in words that a person can use."""

from collections.abc import Iterator, Mapping
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
        raise failure(fault) from None
    except dg.DagsterExecutionInterruptedError:
        # Asked to stop: by a person, by a node that is drained, or past a deadline.
        tell_outcome(context, "incomplete")
        raise


def failure(
    fault: OrchestrationError, shown: Mapping[str, dg.MetadataValue] | None = None
) -> dg.Failure:
    """What ends a run red in words that a person can use, with what the step has to show."""
    return dg.Failure(
        description=str(fault),
        metadata={**(shown or {}), "fault": type(fault).__name__},
        allow_retries=False,
    )


def tell_outcome(context: dg.OpExecutionContext, outcome: str) -> None:
    """Tag the run with what it came to."""
    context.instance.add_run_tags(context.run_id, {tags.OUTCOME: outcome})
