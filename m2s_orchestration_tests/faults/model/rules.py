"""What the protocol consists of, one rule a line: each can be left out, to see what it is for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rules:
    """The protocol as it is. With a rule set to False it is the protocol without it."""

    # The lease.
    takes_over_only_what_lapsed: bool = True
    releases_only_its_own: bool = True
    names_each_process: bool = True

    # The decision and its order.
    keys_the_plan_by_its_subject: bool = True
    records_in_the_name_of_the_lease: bool = True
    sweeps: bool = True
    sweeps_in_the_name_of_the_lease: bool = True
    sweeps_into_doubt: bool = True
    forces_nobody_into_doubt: bool = True
    expires_only_the_unsent: bool = True

    # The claim.
    never_resends: bool = True
    claims_before_the_dot: bool = True
    commits_before_the_dot: bool = True
    claims_only_the_open: bool = True
    claims_in_the_name_of_the_lease: bool = True
    claims_while_it_holds_the_lease: bool = True
    asks_whether_it_claimed: bool = True
    refuses_only_the_open: bool = True
    refuses_in_the_name_of_the_lease: bool = True

    # The testimony.
    takes_silence_for_doubt: bool = True
    testifies_for_itself_only: bool = True
    hears_late_testimony: bool = True
    closes_in_the_name_of_the_lease: bool = True
