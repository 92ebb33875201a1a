"""What a run shows of itself in Dagster's UI: numbers, and tables without names or addresses."""

import resource
from collections.abc import Iterable, Mapping, Sequence

import dagster as dg

from m2s_orchestration.errors import BadAddress
from m2s_orchestration.framework.artifacts import Published
from m2s_orchestration.framework.decision import Decision, Recipient
from m2s_orchestration.framework.evaluation import Reading
from m2s_orchestration.framework.planning import Rendering
from m2s_orchestration.framework.report import Report
from m2s_orchestration.mail import addresses
from m2s_orchestration.urls import is_on_the_web

Metadata = dict[str, dg.MetadataValue]

# More than this is read in `m2s preview`, not in a run's page.
SHOWN_MAILS = 200


def of_reading(reading: Reading) -> Metadata:
    """How much was found, and where the club's clock stands."""
    counts = {name: dg.MetadataValue.int(count) for name, count in reading.counts.items()}
    return {
        **counts,
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


def of_publishing(published: Published) -> Metadata:
    """Where each file of the run is, and what was not published and why."""
    links: Metadata = {
        name: dg.MetadataValue.url(place) if is_on_the_web(place) else dg.MetadataValue.path(place)
        for name, place in published.places.items()
    }
    if published.faults:
        links["not published"] = table(("file", "reason"), list(published.faults.items()))
    return links


def of_effort(seconds: float, contention: tuple[bool, float]) -> Metadata:
    """What the run took: time, memory, and the wait for its lease."""
    contended, waited = contention
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "seconds": dg.MetadataValue.float(round(seconds, 3)),
        "peak_memory_mib": dg.MetadataValue.float(round(peak, 1)),
        "lease_contended": dg.MetadataValue.int(int(contended)),
        "lease_wait_seconds": dg.MetadataValue.float(round(waited, 3)),
    }


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
    listed = [[str(cell).replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    if not listed:
        return dg.MetadataValue.md("none")
    lines = [head, ["---"] * len(head), *listed]
    return dg.MetadataValue.md("\n".join(f"| {' | '.join(line)} |" for line in lines))
