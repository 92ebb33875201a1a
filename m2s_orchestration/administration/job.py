"""From a page, parameters and a function to a job of one step that a person launches."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, TypeVar

import dagster as dg
from pydantic import Field

from m2s_orchestration.framework.documentation import links, owners
from m2s_orchestration.framework.launchpad import config_field
from m2s_orchestration.framework.notification import Pod
from m2s_orchestration.framework.outcome import faults_told, tell_outcome
from m2s_orchestration.framework.parameters import Parameters, checked
from m2s_orchestration.framework.pod import tags_of
from m2s_orchestration.framework.story import Metadata

DEADLINE = timedelta(minutes=15)
DOCUMENT = "operations.md#setting-things-right-in-the-ui"

Asked = TypeVar("Asked", bound=Parameters)


class BySomebody(Parameters):
    """What whoever changes something says of it; both are recorded."""

    person: str = Field(min_length=1, description="Your name. It is recorded.")
    reason: str = Field(min_length=1, description="Why, and how you know. It is recorded.")


def build_job(
    name: str,
    page: str,
    parameters: type[Asked],
    act: Callable[[dg.OpExecutionContext, Asked], Metadata],
) -> dg.JobDefinition:
    """The job; what `act` returns is what its run shows."""

    @dg.op(
        name=f"{name}__act",
        description=page.splitlines()[0],
        config_schema={"values": dict},
        out={"done": dg.Out(dg.Nothing)},
    )
    def step(context: dg.OpExecutionContext) -> dg.Output[None]:
        with faults_told(context):
            shown = act(context, checked(parameters, context.op_config["values"]))
            tell_outcome(context, "done")
            return dg.Output(None, "done", metadata=shown)

    @dg.graph(name=name, description=page)
    def steps() -> None:
        step.alias(name)()

    return steps.to_job(
        name=name,
        description=page,
        executor_def=dg.in_process_executor,
        config=_flat(name, parameters),
        tags=tags_of(name, deadline=DEADLINE, pod=Pod()),
        owners=owners("webmasters"),
        metadata=links(documentation=DOCUMENT),
    )


def _flat(name: str, parameters: type[Parameters]) -> dg.ConfigMapping:
    def place(values: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"ops": {name: {"config": {"values": dict(values)}}}}

    return dg.ConfigMapping(
        config_schema={
            field: config_field(info) for field, info in parameters.model_fields.items()
        },
        config_fn=place,
    )
