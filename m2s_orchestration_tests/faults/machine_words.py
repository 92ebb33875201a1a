"""What a run's statement and its answer mean, as a sentence."""

from __future__ import annotations

from m2s_orchestration_tests.faults.machine_wires import Rows, Values

# By the statement's name: with rows, and without. None: not worth a word.
SENTENCES: dict[str, tuple[str | None, str | None]] = {
    "acquire": ("takes the lease", "finds the lease held"),
    "note_contention": (None, None),
    "open_occurrence": ("records the decision", "finds it decided"),
    "sweep": ("sweeps: {rows} in doubt", "sweeps: nothing in doubt"),
    "expire": ("sweeps: {rows} expired", None),
    "resend_in_doubt": ("offers {rows} once more, by the policy", None),
    "reopen_expired": ("reopens {rows} that expired", None),
    "fence": (None, "finds its lease lost"),
    "unsent": ("lists {rows} to be offered", "has nothing to offer"),
    "claim": ("claims {person}'s row", "cannot claim {person}'s row"),
    "is_claimed": ("finds {person}'s row claimed", "finds {person}'s row not claimed"),
    "testify": ("records that {person} is {state}", "cannot record that {person} is {state}"),
    "refuse": ("records that {person} is {state}", "cannot record that {person} is {state}"),
    "close_occurrence": ("closes the occurrence", "leaves the occurrence open"),
    "release": ("ends", "ends"),
}


def sentence(name: str, values: Values, rows: Rows, person: str) -> str | None:
    """What happened, or None where it is not worth a word."""
    with_rows, without = SENTENCES.get(name, (None, None))
    template = with_rows if rows else without
    if template is None:
        return None
    return template.format(rows=len(rows), person=person, state=values.get("state"))
