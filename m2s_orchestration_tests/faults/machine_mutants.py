"""The delivery's own code with one thing wrong, for each thing: what it breaks, and who stops it."""

from __future__ import annotations

from m2s_orchestration.delivery import lease, ledger
from m2s_orchestration.delivery.hand import Hand
from m2s_orchestration_tests.faults.machine_mutation import (
    LAWFUL,
    Mutant,
    function,
    instead,
    statement,
)

OPEN, OR_SENDING = "state IN ('planned', 'retry')", "state IN ('planned', 'retry', 'sending')"
IN_ITS_NAME = "AND (%(is_forced)s OR EXISTS (SELECT FROM lease))"
FENCE = "lease.fence(connection)"
SENT_HAS_TIME = "delivery_sent_has_time"


def upsert(name: str) -> str:
    """The part of a statement that says what happens where the row is there already."""
    text = ledger.SQL[name].text
    return text[text.index("ON CONFLICT") : text.index("RETURNING")]


MUTANTS = (
    Mutant(
        "takes over a lease that lives",
        "no needless doubt",
        [statement(lease.SQL, "acquire", "WHERE lease.expires_at < clock_timestamp()", "")],
    ),
    Mutant(
        "releases a lease that is another's",
        "no needless doubt",
        [statement(lease.SQL, "release", "AND locked_by = %(owner)s", "")],
    ),
    Mutant(
        "two processes with one name",
        "nothing stuck",
        [instead(lease, "owner_token", lambda run_id: "pod-1")],
    ),
    Mutant(
        "plans by the tick and not by the period",
        "no duplicate",
        [statement(ledger.SQL, "plan", "%(period)s", "%(period)s || %(occurrence_id)s::text")],
    ),
    Mutant(
        "plans without looking for the key",
        "no duplicate",
        [statement(ledger.SQL, "plan", upsert("plan"), "")],
        guards=["delivery_once"],
    ),
    Mutant(
        "decides and plans without looking for the keys",
        "no duplicate",
        [
            statement(ledger.SQL, "open_occurrence", upsert("open_occurrence"), ""),
            statement(ledger.SQL, "plan", upsert("plan"), ""),
        ],
        guards=["occurrence_once", "delivery_once", "delivery_message_id_once"],
    ),
    Mutant(
        "records without the lease",
        "no act out of term",
        [function(ledger, "record", FENCE, "pass")],
    ),
    Mutant(
        "never sweeps",
        "nothing stuck",
        [function(ledger, "sweep", 'SQL["sweep"].run(connection, **lease.identity)', "[]")],
    ),
    Mutant(
        "sweeps without the lease",
        "no needless doubt",
        [function(ledger, "sweep", FENCE, "pass")],
    ),
    Mutant(
        "a forced run sweeps",
        "no needless doubt",
        [function(ledger, "sweep", "[] if lease.is_forced else ", "")],
    ),
    Mutant(
        "sweeps what is in doubt back to be sent",
        "no duplicate",
        [statement(ledger.SQL, "sweep", "SET state = 'unknown'", "SET state = 'retry'")],
    ),
    Mutant(
        "what is being sent can expire",
        "no lie",
        [statement(ledger.SQL, "expire", OPEN, OR_SENDING)],
        guards=[LAWFUL],
    ),
    Mutant(
        "sends again what another is sending",
        "no duplicate",
        [statement(ledger.SQL, name, OPEN, OR_SENDING) for name in ("unsent", "load", "claim")],
        guards=[LAWFUL],
    ),
    Mutant(
        "claims after the dot",
        "no duplicate",
        [
            function(
                Hand,
                "serve",
                "if conversation is not None and self._claim(parcel):\n"
                "        self._finish(parcel, conversation)",
                "text = conversation.finish() if conversation else ''\n"
                "    if text and self._claim(parcel):\n"
                "        self._testify(parcel, 'sent', None, text=text)",
            )
        ],
    ),
    Mutant(
        "claims whatever the row says",
        "no duplicate",
        [statement(ledger.SQL, "claim", f"AND {OPEN} ", "")],
        guards=[LAWFUL, SENT_HAS_TIME],
    ),
    Mutant(
        "claims without the lease",
        "nothing stuck",
        [statement(ledger.SQL, "claim", IN_ITS_NAME, "")],
    ),
    Mutant(
        "does not ask whether its claim took hold",
        "no needless doubt",
        [function(Hand, "_ask_to_claim", ' or self._takes_hold("is_claimed", parcel)', "")],
    ),
    Mutant(
        "records a refusal whatever the row says",
        "no lie",
        [statement(ledger.SQL, "refuse", f"AND {OPEN}", "")],
        guards=[LAWFUL, SENT_HAS_TIME],
    ),
    Mutant(
        "records a refusal without the lease",
        "no act out of term",
        [statement(ledger.SQL, "refuse", IN_ITS_NAME, "")],
    ),
    Mutant(
        "takes silence after the dot for a no",
        "no duplicate",
        [function(Hand, "_finish", '"unknown", silence', '"retry", silence')],
    ),
    Mutant(
        "testifies about another's dot",
        "no lie",
        [statement(ledger.SQL, "testify", "AND owner = %(owner)s", "")],
    ),
    Mutant(
        "hears no testimony after the sweep",
        "no needless doubt",
        [
            statement(
                ledger.SQL, "testify", " OR (state = 'unknown' AND %(state)s <> 'unknown')", ""
            )
        ],
    ),
    Mutant(
        "closes without the lease",
        "no act out of term",
        [function(ledger, "close", FENCE, "pass")],
    ),
    Mutant(
        "offers what is in doubt again and again",
        "no duplicate",
        [statement(ledger.SQL, "resend_in_doubt", "AND resends = 0", "")],
        guards=["delivery_resent_once"],
    ),
)
