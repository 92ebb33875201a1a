"""From the declaration of a command to its Dagster job, its schedule and its figures."""

from collections.abc import Generator, Mapping
from datetime import timedelta

import dagster as dg

from m2s_orchestration.application.command import ApplicationCommand
from m2s_orchestration.application.run import MARGIN, CommandRun, Result
from m2s_orchestration.errors import DatabaseFault, LeaseHeld
from m2s_orchestration.framework import tags
from m2s_orchestration.framework.definition import Defined
from m2s_orchestration.framework.documentation import links, owners
from m2s_orchestration.framework.notification import Pod
from m2s_orchestration.framework.occurrence import KEY_FORMAT
from m2s_orchestration.framework.outcome import faults_told, tell_outcome
from m2s_orchestration.framework.pod import tags_of
from m2s_orchestration.framework.request import SCHEDULED_WAIT
from m2s_orchestration.settings import Settings

# What the pod of our run needs to watch another: the libraries of Kubernetes are large.
WATCHER = Pod(memory=("256Mi", "512Mi"))
# Who may make the command's Job (helm-values.yaml); the runs of notifications ask for nothing.
ACCOUNT = "m2s-commands"
DOCUMENT = "operations.md#the-applications-own-commands"


def define(command: ApplicationCommand) -> Defined:
    """From a declaration to Dagster's definitions."""
    job = build_job(command)
    return Defined(
        job=job,
        schedule=_schedule(command, job),
        asset=dg.AssetSpec(
            key=command.name,
            description=command.page,
            kinds={"django"},
            owners=owners("webmasters"),
            metadata=links(documentation=DOCUMENT),
            group_name="application",
        ),
    )


def build_job(command: ApplicationCommand) -> dg.JobDefinition:
    """The job of a command: one step, one process or pod, one lease."""
    run = _op(command)

    @dg.graph(name=command.name, description=command.page)
    def steps() -> None:
        run.alias("run")()

    return steps.to_job(
        name=command.name,
        description=command.page,
        executor_def=dg.in_process_executor,
        config=dg.ConfigMapping(
            config_schema={
                "wait": dg.Field(
                    dg.Int,
                    default_value=-1,
                    description="Seconds to wait if somebody else runs it. -1: 90 for a scheduled"
                    " run, none for one started by hand.",
                )
            },
            config_fn=lambda values: {"ops": {"run": {"config": dict(values)}}},
        ),
        tags=tags_of(
            command.name, deadline=command.deadline + MARGIN, pod=WATCHER, account=ACCOUNT
        ),
        owners=owners("webmasters"),
        metadata=links(documentation=DOCUMENT),
    )


def _op(command: ApplicationCommand) -> dg.OpDefinition:
    @dg.op(
        name=f"{command.name}__run",
        description=f"python manage.py {command.name}, in the web application's own code.",
        config_schema={"wait": dg.Int},
        out={"done": dg.Out(dg.Nothing, is_required=False)},
    )
    def run_command(
        context: dg.OpExecutionContext,
    ) -> Generator[dg.AssetMaterialization | dg.Output[None], None, None]:
        with faults_told(context):
            try:
                result = _run(command, context)
            except LeaseHeld as held:
                tell_outcome(context, "busy")
                context.log.warning(str(held))
                return
            tell_outcome(context, result.verdict.outcome)
            if result.verdict.held:
                context.log.warning(result.verdict.held)
                return
            metadata = _metadata(result)
            # Yielded and not logged: what is only logged is lost when the step fails.
            yield dg.AssetMaterialization(asset_key=command.name, metadata=metadata)
            if result.verdict.fault:
                raise result.verdict.fault
            yield dg.Output(None, "done", metadata=metadata)

    return run_command


def _run(command: ApplicationCommand, context: dg.OpExecutionContext) -> Result:
    is_unattended = any(tag in context.run.tags for tag in tags.UNATTENDED)
    usual = SCHEDULED_WAIT if is_unattended else timedelta(0)
    asked = int(context.op_config["wait"])
    run = CommandRun(
        command,
        Settings.from_environment(),
        run_id=context.run_id,
        wait=usual if asked < 0 else timedelta(seconds=asked),
    )
    try:
        return run.execute(context.log.info)
    finally:
        try:
            run.close()
        except DatabaseFault as fault:
            # The run's own end is what counts; the lease ends by itself within its term.
            context.log.warning(f"The lease could not be given back: {fault}")


def _metadata(result: Result) -> Mapping[str, dg.MetadataValue]:
    found = result.verdict.change
    lines = "\n".join(result.output).replace("```", "` ` `")
    return {
        "outcome": dg.MetadataValue.text(result.verdict.outcome),
        "seconds": dg.MetadataValue.float(round(result.seconds, 3)),
        "outbox done": dg.MetadataValue.int(found.done),
        "outbox failed": dg.MetadataValue.int(found.failed),
        "outbox waiting": dg.MetadataValue.int(found.waiting),
        "outbox given up": dg.MetadataValue.int(found.given_up),
        "last lines": dg.MetadataValue.md(f"```text\n{lines}\n```"),
    }


def _schedule(command: ApplicationCommand, job: dg.JobDefinition) -> dg.ScheduleDefinition:
    """Off until a person switches it on. A missed tick needs nothing: the next does its work."""

    @dg.schedule(
        name=command.schedule_name,
        job=job,
        cron_schedule=command.cron,
        execution_timezone="UTC",
        description=f"{command.title}. At {command.cron} (cron, UTC).",
        owners=owners("webmasters"),
        metadata=links(documentation=DOCUMENT),
        default_status=dg.DefaultScheduleStatus.STOPPED,
    )
    def launch(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        key = context.scheduled_execution_time.strftime(KEY_FORMAT)
        return dg.RunRequest(run_key=key, tags={tags.OCCURRENCE: key})

    return launch
