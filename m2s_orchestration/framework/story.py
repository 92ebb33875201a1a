"""What a run shows of itself in Dagster's UI: numbers, tables without addresses, and the mails."""

import resource
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path

import dagster as dg

from m2s_orchestration.delivery.administration import Delivery
from m2s_orchestration.errors import BadAddress
from m2s_orchestration.framework.artifacts import Published
from m2s_orchestration.framework.decision import Decision, Recipient
from m2s_orchestration.framework.evaluation import Reading
from m2s_orchestration.framework.planning import Rendering
from m2s_orchestration.framework.report import Report
from m2s_orchestration.mail import addresses
from m2s_orchestration.urls import is_on_the_web

Metadata = dict[str, dg.MetadataValue]

# More than this is read in `m2s preview` and `m2s deliveries`, not in a run's page.
SHOWN_MAILS = 50
SHOWN_DELIVERIES = 200
# Of each query.
SAMPLE = 3


def of_reading(reading: Reading) -> Metadata:
    """How much was found, and where the club's clock stands."""
    counts = {name: dg.MetadataValue.int(count) for name, count in reading.counts.items()}
    samples = [_sample(name, rows) for name, rows in reading.found.items()]
    return {
        **counts,
        "the first rows": dg.MetadataValue.md("\n\n".join(samples)),
        "members_named": dg.MetadataValue.int(len(reading.club.members)),
        "club_time_zone": dg.MetadataValue.text(reading.club.zone.key),
    }


def of_decision(decision: Decision) -> Metadata:
    """Who is told, who is passed over and why, and what nobody can be told."""
    told = [(_who(item.recipient), item.period, item.variant) for item in decision.messages]
    passed = [(_who(item.recipient), item.period, item.reason) for item in decision.passed_over]
    untold = [(item.item, item.reason) for item in decision.untold]
    changes = [(item.statement, item.key, _told(item.values)) for item in decision.changes]
    return {
        **{name: dg.MetadataValue.int(count) for name, count in decision.found.items()},
        "messages": dg.MetadataValue.int(len(decision.messages)),
        "notices": dg.MetadataValue.int(len(decision.notices)),
        "changes": dg.MetadataValue.int(len(decision.changes)),
        "told": table(("recipient", "period", "variant"), told),
        "passed over": table(("recipient", "period", "reason"), passed),
        "nobody to tell": table(("what", "reason"), untold),
        "to change": table(("statement", "change", "values"), changes),
    }


def of_rendering(rendering: Rendering) -> Metadata:
    """Every mail as its reader sees it, the text part."""
    mails = [
        f"### {item.rendered.subject}\n\nTo {_who(item.message.recipient)}\n\n"
        f"```text\n{item.rendered.text.replace('```', '` ` `')}\n```"
        for item in rendering.messages[:SHOWN_MAILS]
    ]
    if len(rendering.messages) > SHOWN_MAILS:
        mails.append(f"and {len(rendering.messages) - SHOWN_MAILS} more: see `m2s preview`")
    return {"mails": dg.MetadataValue.md("\n\n".join(mails) or "No mail.")}


def of_deliveries(deliveries: Sequence[Delivery]) -> Metadata:
    """What became of each mail, and in what words the mail server answered."""
    if not deliveries:
        return {}
    head = ("id", "recipient", "period", "state", "tries", "the mail server's answer")
    rows = [
        (
            str(item.id),
            f"{_who(Recipient(item.recipient_key, '', item.address or ''))} {item.variant}".strip(),
            item.period,
            item.state,
            str(item.tries),
            f"{item.reply_code or ''} {item.reply_text or ''}".strip() or item.reason,
            # What is after the @ is the same for all of them; as code, so that nobody writes to it.
            f"`{item.message_id.strip('<>').partition('@')[0]}`" if item.message_id else "",
        )
        for item in deliveries
    ]
    return {"deliveries": table((*head, "Message-ID, up to the @"), rows)}


def of_publishing(published: Published) -> Metadata:
    """Where each file of the run is, and what was not published and why."""
    links: Metadata = {
        name: dg.MetadataValue.url(place) if is_on_the_web(place) else dg.MetadataValue.path(place)
        for name, place in published.places.items()
    }
    if published.faults:
        links["not published"] = table(("file", "reason"), list(published.faults.items()))
    return links


def of_effort(
    seconds: float, steps: Mapping[str, float], contention: tuple[bool, float]
) -> Metadata:
    """What the run took: time, each step's too, memory, and the wait for its lease."""
    contended, waited = contention
    peak = _peak_memory()
    return {
        "seconds": dg.MetadataValue.float(round(seconds, 3)),
        **{
            f"{step}_seconds": dg.MetadataValue.float(round(taken, 3))
            for step, taken in steps.items()
        },
        "peak_memory_mib": dg.MetadataValue.float(round(peak, 1)),
        "lease_contended": dg.MetadataValue.int(int(contended)),
        "lease_wait_seconds": dg.MetadataValue.float(round(waited, 3)),
    }


def _peak_memory() -> float:
    """The most memory that this process has had, in MiB."""
    try:
        told = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        # Elsewhere than on Linux. On it, this would be that of whoever started us, if it was more.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return int(told.partition("VmHWM:")[2].split()[0]) / 1024


def of_busy(told: str) -> Metadata:
    """A run that found the lease held, in the names of one that did not."""
    return {
        "outcome": dg.MetadataValue.text("busy"),
        "lease_contended": dg.MetadataValue.int(1),
        "held by": dg.MetadataValue.text(told),
    }


def of_report(report: Report, found: Mapping[str, int], rehearsal: str = "") -> Metadata:
    """The run's figures under the same names every time, zeros too, so that they make a plot."""
    return {
        **{name: dg.MetadataValue.int(count) for name, count in found.items()},
        "outcome": dg.MetadataValue.text(report.outcome),
        **{name: dg.MetadataValue.int(getattr(report, name)) for name in Report.counted()},
        **({"rehearsal": dg.MetadataValue.text(rehearsal)} if rehearsal else {}),
    }


def in_one_line(report: Report) -> str:
    """The outcome and the figures that are not nothing."""
    counts = [f"{getattr(report, name)} {name}" for name in Report.counted()]
    told = [count for count in counts if not count.startswith("0 ")]
    return f"{report.outcome}: {', '.join(told) or 'nothing new'}"


def _sample(name: str, rows: Sequence[object]) -> str:
    """The first rows of a query as a table, without what somebody wrote or is called."""
    if not rows or not is_dataclass(rows[0]):
        return f"**{name}**: none"
    head = [item.name for item in fields(rows[0])]
    shown = [[_cell(getattr(row, column)) for column in head] for row in rows[:SAMPLE]]
    return f"**{name}**, {min(SAMPLE, len(rows))} of {len(rows)}\n\n{markdown(head, shown)}"


def _cell(value: object) -> str:
    """Numbers, dates, yes and no; of a text only that there is one, which may be a telephone's."""
    if value is None or value == "":
        return ""
    return str(value) if isinstance(value, int | float | Decimal | date | time | timedelta) else "…"


def _told(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in values.items())


def _who(recipient: Recipient) -> str:
    try:
        masked = addresses.mask(addresses.check(recipient.address))
    except BadAddress:
        masked = "no usable address"
    known = "" if recipient.key.startswith("address:") else f"{recipient.key} "
    return f"{known}{masked}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> dg.MetadataValue:
    """A table as the UI shows it."""
    listed = list(rows)
    return dg.MetadataValue.md(markdown(head, listed) if listed else "none")


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    listed = [[str(cell).replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    lines = [head, ["---"] * len(head), *listed]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
