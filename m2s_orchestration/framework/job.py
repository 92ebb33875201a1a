"""From a declaration to its Dagster job: query, evaluate, commit, email, under one lease."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg

from m2s_orchestration.errors import IncompleteDelivery, LeaseHeld, OrchestrationError
from m2s_orchestration.framework import pages, story
from m2s_orchestration.framework.artifacts import publish
from m2s_orchestration.framework.decision import Artifact
from m2s_orchestration.framework.documentation import links_of, owners
from m2s_orchestration.framework.flat_job import FlatJob, flattened
from m2s_orchestration.framework.launchpad import flat_config
from m2s_orchestration.framework.notification import Notification
from m2s_orchestration.framework.outcome import failure, faults_told, tell_outcome
from m2s_orchestration.framework.pod import run_tags
from m2s_orchestration.framework.report import Report
from m2s_orchestration.framework.run import NotificationRun
from m2s_orchestration.framework.run_in_hand import RunInHand, is_partition, run_resource
from m2s_orchestration.framework.schedule import partitions
from m2s_orchestration.uploads.store import MediaStore

# The picture that the UI shows at a step.
KINDS = {"query": "postgres", "evaluate": "python", "commit": "postgres", "email": "email"}

Event = dg.AssetMaterialization | dg.AssetObservation


@dataclass(frozen=True)
class Told:
    """What a step shows, and the fault that it ends with after having shown it.

    `afterwards` shows more, when what counts is done and told.
    """

    metadata: story.Metadata
    event: Event | None = None
    fault: OrchestrationError | None = None
    afterwards: Callable[[], story.Metadata] = dict


Step = Callable[[dg.OpExecutionContext, RunInHand], Told]


def build_job(
    notification: Notification, *, log_level: str = "INFO", has_partitions: bool = True
) -> FlatJob:
    """The Dagster job of a notification; `log_level` is the console's.

    What has no schedule has no partitions either.
    """
    query = _op(notification, "query", _query, pages.of_query(notification))
    evaluate = _op(notification, "evaluate", _evaluate, pages.of_evaluate(notification))
    commit = _op(notification, "commit", _commit, pages.of_commit(notification))
    email = _op(notification, "email", _email, pages.of_email(notification))

    page = pages.of_job(notification)

    @dg.graph(name=notification.name, description=page)
    def steps() -> None:
        email.alias("email")(
            commit.alias("commit")(evaluate.alias("evaluate")(query.alias("query")()))
        )

    job = steps.to_job(
        name=notification.name,
        description=page,
        partitions_def=partitions(notification) if has_partitions else None,
        resource_defs={"run_in_hand": run_resource(notification)},
        # One process, one pod, one lease per run.
        executor_def=dg.in_process_executor,
        tags=run_tags(notification),
        owners=owners(notification.office),
        metadata=links_of(notification),
    )
    return flattened(job, flat_config(notification, log_level))


def _op(notification: Notification, label: str, step: Step, description: str) -> dg.OpDefinition:
    # Op names must differ across all jobs of a code location; the alias is what the UI shows.
    is_first = label == "query"

    @dg.op(
        name=f"{notification.name}__{label}",
        description=description,
        tags={"kind": KINDS[label]},
        ins={} if is_first else {"after": dg.In(dg.Nothing)},
        out={"done": dg.Out(dg.Nothing, is_required=False)},
        required_resource_keys={"run_in_hand"},
        pool="smtp" if label == "email" else None,
    )
    def run_step(context: dg.OpExecutionContext) -> Generator[Event | dg.Output[None], None, None]:
        with faults_told(context):
            try:
                in_hand = context.resources.run_in_hand
                with in_hand.timed(label):
                    told = step(context, in_hand)
            except LeaseHeld as held:
                _end_busy(context, held, is_first=is_first)
                yield dg.AssetObservation(
                    asset_key=notification.name, metadata=story.of_busy(str(held))
                )
                return
            # Yielded and not logged: what is only logged is lost when the step fails.
            if told.event:
                yield told.event
        # Outside: whatever becomes of this, what the run came to is told already.
        shown = _shown(context, told)
        if told.fault:
            raise failure(told.fault, shown)
        yield dg.Output(None, "done", metadata=shown)

    return run_step


def _shown(context: dg.OpExecutionContext, told: Told) -> story.Metadata:
    try:
        return told.afterwards() | told.metadata
    except Exception as fault:  # noqa: BLE001 - a page that cannot be made takes no mail back
        context.log.error(f"Not everything can be shown: {fault}")
        return told.metadata


def _query(context: dg.OpExecutionContext, in_hand: RunInHand) -> Told:
    return Told(story.of_reading(in_hand.begun(context).reading))


def _evaluate(context: dg.OpExecutionContext, in_hand: RunInHand) -> Told:
    decision = in_hand.begun(context).evaluation.decision
    for item in decision.untold:
        context.log.warning(f"Nobody to tell: {item.item}: {item.reason}")
    return Told(story.of_decision(decision))


def _commit(context: dg.OpExecutionContext, in_hand: RunInHand) -> Told:
    run = in_hand.begun(context)
    if run.rehearsal:
        return Told(story.of_rendering(run.rendering))
    recorded = run.commit()
    told = "recorded" if recorded.is_new else "was decided before; nothing is decided again"
    context.log.info(f"{run.request.occurrence.key} {told}.")
    figures = ("planned", "told_before", "skipped", "notices", "changes")
    counted: story.Metadata = {
        name: dg.MetadataValue.int(getattr(recorded, name)) for name in figures
    }
    if not recorded.is_new:
        return Told(counted)
    published = _publish(context, run, run.evaluation.decision.artifacts)
    return Told({**published, **counted, **story.of_rendering(run.rendering)})


def _publish(
    context: dg.OpExecutionContext, run: NotificationRun, artifacts: Sequence[Artifact]
) -> story.Metadata:
    """A store that is away does not lose the mail; the run says what was not published."""
    published = publish(
        artifacts,
        MediaStore(run.settings.media_store or context.instance.storage_directory()),
        subject=run.notification.name,
        media_url=run.settings.media_url,
        now=datetime.now(UTC),
    )
    for name, fault in published.faults.items():
        context.log.error(f"{name} was not published: {fault}")
    return story.of_publishing(published)


def _email(context: dg.OpExecutionContext, in_hand: RunInHand) -> Told:
    run = in_hand.begun(context)
    report = run.rehearse() if run.rehearsal else run.email()
    metadata = {
        **story.of_report(report, run.found, run.rehearsal),
        **story.of_effort(in_hand.seconds, in_hand.step_seconds, run.contention),
    }
    kind = dg.AssetObservation if run.rehearsal else dg.AssetMaterialization
    tell_outcome(context, report.outcome)
    context.log.info(story.in_one_line(report))
    occurrence = run.request.occurrence
    return Told(
        metadata,
        event=kind(
            asset_key=run.notification.name,
            partition=occurrence.key if is_partition(context, occurrence) else None,
            metadata=metadata,
        ),
        fault=IncompleteDelivery(_what_is_missing(report))
        if report.outcome == "incomplete"
        else None,
        afterwards=lambda: _afterwards(context, in_hand, run),
    )


def _afterwards(
    context: dg.OpExecutionContext, in_hand: RunInHand, run: NotificationRun
) -> story.Metadata:
    """What is worth a look when the mail is out: the server's answers, and the mails as a page."""
    # Nobody need wait for it.
    in_hand.close()
    if run.rehearsal:
        return {}
    shown = story.of_deliveries(run.deliveries(most=story.SHOWN_DELIVERIES))
    is_decided_here = run.recorded is not None and run.recorded.is_new
    if run.settings.media_store and is_decided_here and run.rendering.messages:
        shown |= _publish(context, run, [run.mails_page()])
    return shown


def _what_is_missing(report: Report) -> str:
    states = ("waiting", "retry", "unknown", "failed", "expired")
    open_now = [f"{getattr(report, state)} {state}" for state in states if getattr(report, state)]
    cause = f" {report.fault}" if report.fault else ""
    counted = ", ".join(open_now) or "see the cause"
    remedy = (
        "No run sends an unknown one again: find out and say it with `m2s deliveries settle`."
        if report.unknown
        else "A new run sends what is still unsent and nothing twice."
    )
    return (
        f"Not all of this occurrence's mail is out: {counted}.{cause}"
        f" `m2s deliveries list` names each. {remedy}"
    )


def _end_busy(context: dg.OpExecutionContext, held: LeaseHeld, *, is_first: bool) -> None:
    tell_outcome(context, "busy")
    if not is_first:
        # A re-execution from a later step stays visibly undone.
        raise dg.Failure(description=str(held), allow_retries=False) from held
    context.log.warning(str(held))
