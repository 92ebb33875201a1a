"""Where the runs play: one club, its database, and everything that may happen to them.

After each step the promises are held against the rows and against what the mail server really took.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, suppress
from datetime import datetime

from m2s_orchestration.delivery import administration
from m2s_orchestration.delivery import lease as leases
from m2s_orchestration.delivery.administration import Settlement
from m2s_orchestration.errors import UnlawfulSettlement
from m2s_orchestration.framework.notification import InDoubt
from m2s_orchestration_tests.faults.machine_books import (
    NAMES,
    OUT_OF_TERM,
    PROMISES,
    STUCK,
    Books,
    Look,
)
from m2s_orchestration_tests.faults.machine_puppet import Puppet
from m2s_orchestration_tests.faults.machine_run import NAME, PlayedRun, staged
from m2s_orchestration_tests.faults.machine_wires import (
    Ears,
    Ghost,
    OneWire,
    Rows,
    Values,
    statement_names,
)
from m2s_orchestration_tests.faults.machine_words import sentence
from m2s_orchestration_tests.integration.delivery.web_application import WebApplication

LONGEST_RUN = 100
EMPTY_AGAIN = """
DELETE FROM m2s_orchestration.attempt;
DELETE FROM m2s_orchestration.delivery;
DELETE FROM m2s_orchestration.occurrence;
DELETE FROM m2s_orchestration.lease_event;
DELETE FROM cronjob_locks;
"""
LAPSE = "UPDATE cronjob_locks SET expires_at = clock_timestamp() - interval '1 second'"
AN_HOUR_PASSES = """
UPDATE m2s_orchestration.delivery
SET claimed_at = claimed_at - interval '1 hour', not_before = '-infinity'
"""
TOO_LATE = "UPDATE m2s_orchestration.delivery SET due_until = clock_timestamp() - interval '1 s'"


class Broken(AssertionError):
    """A promise is not kept; tells what happened, step by step."""

    def __init__(self, promise: str, why: str, log: Sequence[str]) -> None:
        self.promise = promise
        steps = (f"{number:3}. {told}" for number, told in enumerate(log, start=1))
        self.tale = "\n".join((f"{promise}: {why}", *steps))
        super().__init__(self.tale)


class Stopped(Broken):
    """The database itself refused a step; `promise` is the name of the constraint."""


class Stage:
    """Everything that can be done to the runs of one notification."""

    def __init__(
        self,
        database: OneWire,
        people: Sequence[str],
        in_doubt: InDoubt = "hold",
        asked: Sequence[str] = NAMES,
    ) -> None:
        assert database.wire
        self.database = database
        self.wire = database.wire
        self.wire.execute(EMPTY_AGAIN)
        self.books = Books(self.wire)
        self.runs: list[PlayedRun] = []
        self.begun = 0
        self.faults = 0
        self.is_broken = False
        self.log: list[str] = []
        self.web = WebApplication(self.wire, notification=NAME)
        self.web_has_read = False
        self.people = people
        self.in_doubt: InDoubt = in_doubt
        self._asked = asked
        self._claims_lost: set[tuple[Puppet, object]] = set()
        self.ears = self.wire.ears = Ears(self._heard, statement_names())
        self._stack = ExitStack()
        self._stack.enter_context(staged(self._took))

    def leave(self) -> None:
        """End whoever still plays."""
        for run in self.runs:
            run.puppet.kill()
        self._stack.close()

    def begin(self, tick: datetime, *, force: bool = False, send_late: bool = False) -> PlayedRun:
        """A run starts; its first step is to take the lease."""
        self.begun += 1
        run = PlayedRun(
            f"run {self.begun}",
            self.database,
            tick=tick,
            people=self.people,
            in_doubt=self.in_doubt,
            force=force,
            send_late=send_late,
        )
        self.runs.append(run)
        self._tell(run, "begins" + " by force" * force + " late" * send_late)
        self.step(run)
        return run

    def step(self, run: PlayedRun, fault: str = "") -> None:
        """A run does what is pending, up to its next pause."""
        pending, about = run.puppet.pending, run.puppet.about
        before, owner, is_forced = self.books.now, self._owner(run), run.is_forced
        had_told = run.report is not None
        if fault:
            self.faults += 1
            self._tell(run, f"{pending} strikes {fault}")
        run.puppet.go_on(fault)
        if not run.puppet.is_alive:
            self.runs.remove(run)
        if run.is_forced:
            self.books.forced.add(self._owner(run))
        if fault:
            self._blame(run, pending, about)
        self._check()
        after = self.books.now
        is_in_term = is_forced or (before.holder and before.holder == (owner, True))
        if before.ledger != after.ledger and pending != "testify" and not is_in_term:
            self._break(OUT_OF_TERM, f"{run.puppet.name} changed the ledger without the lease")
        if pending == "release" and not is_forced and run.report:
            self._check_what_is_left(owner, before, after)
        if run.report and not had_told:
            self._check_report(run)

    def die(self, run: PlayedRun) -> None:
        self._happens(f"{run.puppet.name} is killed")
        self.books.blame_owner(self._owner(run))
        self.runs.remove(run)
        run.puppet.kill()
        self._check()

    def lapse(self) -> None:
        """The term passes; a living holder was paused for so long."""
        self._happens("the term of the lease passes")
        if self.books.now.holder:
            self.books.blame_owner(self.books.now.holder.owner)
        self.wire.execute(LAPSE)
        self._check()

    def renew(self, run: PlayedRun) -> None:
        """Its heart beats."""
        if run.lease:
            self._tell(run, "renews its lease")
            leases.SQL["renew"].run(self.wire, **run.lease.identity, term=leases.TERM)
            self._check()

    def let_its_deadline_pass(self, run: PlayedRun) -> None:
        if run.lease:
            self._happens(f"{run.puppet.name} is past its deadline")
            run.lease._ends_at = 0.0

    def arrive(self) -> None:
        """A claim comes through although its sender gave up waiting."""
        assert self.ears.ghost
        ghost, self.ears.ghost = self.ears.ghost, None
        person = self.books.person(ghost.values["id"])
        if self.wire.arrive(ghost):
            self._happens(f"the late claim of {person}'s row comes through")
            self.books.claimed(ghost.sender, ghost.values, is_new=True)
            if not _is_awaited(ghost):
                self.books.truth(person).has_cause = True
        self._check()

    @property
    def web_is_at_it(self) -> bool:
        """Whether the web application's old command of the same name is at work."""
        holder = self.books.now.holder
        return self.web_has_read or bool(holder and holder.owner == self.web.owner)

    def meet_the_web_application(self, *, cleans: bool) -> None:
        """It deletes what has expired; or it reaches for the lease, takes it, gives it back."""
        holder = self.books.now.holder
        if cleans:
            self._happens("the web application deletes what has expired")
            self.web.clean_up()
        elif self.web_has_read:
            self._happens("the web application overwrites the lease that it saw expired")
            self.web_has_read = False
            self.books.blame_owner(holder.owner if holder else "")
            self.web.overwrite()
        elif holder and holder.owner == self.web.owner:
            self._happens("the web application gives back its lease")
            self.web.delete()
        elif self.web.insert():
            self._happens("the web application takes the lease")
        else:
            self._happens("the web application looks at the lease")
            self.web_has_read = self.web.is_expired()
        self._check()

    def settle(self, delivery_id: int, state: Settlement) -> None:
        """A person says how it ended, or to send it again."""
        person = self.books.person(delivery_id)
        with suppress(UnlawfulSettlement):
            administration.settle(
                self.database, delivery_id, state=state, person="Pat", reason="asked"
            )
            self._happens(f"a person settles {person}'s mail as {state}")
            truth = self.books.truth(person)
            if state == "retry":
                truth.another_chance()
            else:
                truth.said = state
        self._check()

    def let_an_hour_pass(self) -> None:
        """For the rows, not for the leases."""
        self._happens("an hour passes")
        self.wire.execute(AN_HOUR_PASSES)
        self._check()

    def let_it_be_too_late(self) -> None:
        self._happens("the mail is too late now")
        self.wire.execute(TOO_LATE)
        self._check()

    def come_to_rest(self) -> None:
        """Nothing goes wrong any more: whoever lives runs on, then one more run of each tick."""
        self.log.append("nothing goes wrong any more")
        self._play_on()
        self.ears.ghost = None
        for tick, _ in self.books.now.occurrences:
            self.wire.execute(LAPSE + ";" + AN_HOUR_PASSES)
            self.begin(tick)
            self._play_on()
        now = self.books.now
        for row in now.rows:
            if row.state in {"planned", "retry", "sending"}:
                self._break(STUCK, f"{row.person}'s mail stays {row.state}")
        if any(state != "done" for _, state in now.occurrences):
            self._break(STUCK, "an occurrence stays open")
        if now.holder and now.occurrences:
            self._break(STUCK, f"the lease stays {now.holder.owner}'s")

    def _play_on(self) -> None:
        for _ in range(LONGEST_RUN):
            if self.runs:
                self.step(self.runs[0])

    def _check(self) -> None:
        self.books.look()
        if self.ears.stopped:
            self.is_broken = True
            constraint = self.ears.stopped[0]
            raise Stopped(constraint, "the database refused it", self.log)
        for name, kept in PROMISES.items():
            if why := kept(self.books):
                self._break(name, why)

    def _check_what_is_left(self, owner: str, before: Look, after: Look) -> None:
        if not (before.holder and before.holder.owner == owner):
            return
        for row in after.rows:
            if row.state == "sending" and row.owner not in self.books.forced | {owner}:
                self._break(STUCK, f"the run ended and {row.person}'s mail is still sending")

    def _check_report(self, run: PlayedRun) -> None:
        assert run.report
        if run.report.outcome == "incomplete":
            return
        for row in self.books.now.rows:
            if row.state in {"planned", "retry", "sending", "unknown"}:
                self._break("no lie", f"a run is {run.report.outcome}, {row.person} {row.state}")

    def _break(self, promise: str, why: str) -> None:
        if promise in self._asked:
            self.is_broken = True
            raise Broken(promise, why, self.log)

    def _blame(self, run: PlayedRun, pending: str, about: object) -> None:
        """Where answers are lost twice, or testimony is, nobody can know how the mail ended."""
        if pending == "testify" and isinstance(about, int):
            self.books.blame(run.puppet, about, has_cause=True)
        if pending in {"claim", "is_claimed"} and isinstance(about, int):
            if (run.puppet, about) in self._claims_lost:
                self.books.truth(self.books.person(about)).has_cause = True
            self._claims_lost.add((run.puppet, about))

    def _heard(self, puppet: Puppet, name: str, values: Values, rows: Rows) -> None:
        self.books.heard(puppet, name, values, rows)
        person = self.books.person(values["id"]) if name in OF_ONE_ROW else ""
        if told := sentence(name, values, rows, person):
            self.log.append(f"{puppet.name} {told}")

    def _took(self, puppet: Puppet, address: str) -> None:
        self.books.took(puppet, address)
        self.log.append(f"the server takes {address.partition('@')[0]}'s mail from {puppet.name}")

    def _owner(self, run: PlayedRun) -> str:
        return self.books.owners.get(run.puppet, "")

    def _tell(self, run: PlayedRun, what: str) -> None:
        self.log.append(f"{run.puppet.name} {what}")

    def _happens(self, what: str) -> None:
        self.faults += 1
        self.log.append(what)


OF_ONE_ROW = frozenset({"claim", "is_claimed", "testify", "refuse"})


def _is_awaited(ghost: Ghost) -> bool:
    """Whether its sender still asks after it."""
    puppet = ghost.sender
    is_asking = puppet.pending in {"claim", "is_claimed"}
    return puppet.is_alive and is_asking and puppet.about == ghost.values["id"]
