"""What the operators are told of each occurrence in trouble."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from m2s_orchestration.framework import (
    Club,
    Decision,
    Message,
    Occurrence,
    Parameters,
    Recipient,
)
from m2s_orchestration.framework.occurrence import KEY_FORMAT
from m2s_orchestration.mail.addresses import mask
from m2s_orchestration.monitoring.alert_operators.rows import Mail, Rows, Trouble

# More than this is read with the command that the mail names.
LISTED = 20

HEADLINES = {
    "failed": "a run failed",
    "late": "an hour late, and nothing is decided",
    "missed": "missed, and too late now",
    "unknown": "mail may or may not have arrived",
    "command": "the command did not do its work",
}
WHAT_HAPPENED = {
    "failed": "A run of this occurrence ended red.",
    "late": "Its time was an hour ago or more, its schedule is switched on, and no run has decided"
    " it yet.",
    "missed": "Nobody ran it while its mail was still of use. Nothing was decided and nobody was"
    " told.",
    "unknown": "The mail server was given these mails and its answer never came, more than an hour"
    " ago. They may have arrived or not.",
    "command": "A run of this command of the web application was red. Further ones of the same day"
    " are not told.",
}
WHAT_HAPPENS = {
    "failed": "While its schedule is switched on and its mail still in time, it is tried again by"
    " itself, and what was sent is not sent again. You will not hear of this occurrence again.",
    "late": "It is tried again by itself while its mail is in time. You will not hear of this"
    " occurrence again.",
    "missed": "Nothing more happens by itself.",
    "unknown": "No machine sends them again: a person finds out and says how it was.",
    "command": "The next tick does what is left.",
}


@dataclass(frozen=True)
class Unsent:
    """A mail that is not out: whose it is, how it stands, and why."""

    who: str
    state: str
    why: str


@dataclass(frozen=True)
class Facts:
    """What one alert says."""

    name: str
    key: str
    headline: str
    happened: str
    said: str
    sent: int
    counts: str
    unsent: tuple[Unsent, ...]
    more: int
    happens: str
    commands: tuple[str, ...]
    link: str
    run_id: str


def evaluate(rows: Rows, occurrence: Occurrence, club: Club, parameters: Parameters) -> Decision:
    """A message for each trouble, if the club has operators."""
    del occurrence, parameters
    messages = tuple(
        Message(
            recipient=Recipient.at(club.operators, "operators"),
            period=f"trouble {trouble.id}",
            facts=facts_of(trouble, [mail for mail in rows.mails if mail.trouble_id == trouble.id]),
        )
        for trouble in rows.troubles
        if club.operators
    )
    return Decision(messages=messages, found={"troubles": len(rows.troubles)})


def facts_of(trouble: Trouble, mails: Sequence[Mail]) -> Facts:
    """Everything that an alert says, from the trouble and the mail of its occurrence."""
    counted = Counter(mail.state for mail in mails)
    unsent = [mail for mail in mails if mail.state not in {"sent", "skipped"}]
    if trouble.kind == "unknown":
        unsent = [mail for mail in unsent if mail.state == "unknown"]
    return Facts(
        name=trouble.notification,
        key=trouble.tick.strftime(KEY_FORMAT),
        headline=HEADLINES[trouble.kind],
        happened=WHAT_HAPPENED[trouble.kind],
        said=trouble.said,
        sent=counted["sent"],
        counts=", ".join(f"{count} {state}" for state, count in sorted(counted.items())),
        unsent=tuple(
            Unsent(f"delivery {mail.id}, {_who(mail)}", mail.state, mail.why)
            for mail in unsent[:LISTED]
        ),
        more=max(len(unsent) - LISTED, 0),
        happens=WHAT_HAPPENS[trouble.kind],
        commands=tuple(_commands(trouble, unsent)),
        link=trouble.link or "",
        run_id=trouble.run_id or "",
    )


def _who(mail: Mail) -> str:
    masked = mask(mail.address) if mail.address else "no address"
    return masked if mail.recipient_key.startswith("address:") else f"{mail.recipient_key} {masked}"


def _commands(trouble: Trouble, unsent: Sequence[Mail]) -> Iterator[str]:
    """What to type, in order."""
    moment = trouble.tick.isoformat().replace("+00:00", "Z")
    run = f"m2s run {trouble.notification} --as-of {moment}"
    if trouble.kind == "command":
        yield "m2s doctor"
    elif trouble.kind == "unknown":
        for mail in unsent[:LISTED]:
            yield f"m2s deliveries show {mail.id}"
            yield f'm2s deliveries settle {mail.id} sent|failed|retry --reason "how you know"'
    elif trouble.kind == "missed":
        yield f"{run} --dry-run"
        yield f"{run} --send-late"
    else:
        yield "m2s doctor"
        yield run
