"""Every order in which the steps of the old command and of ours can follow each other.

Each step is one transaction, so the orders are all there is to try: the model is the database
itself. What happens when two steps wait for each other is in test_cutover_races.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import combinations

import pytest

from m2s_orchestration.delivery.cutover import move, move_back
from m2s_orchestration.delivery.lease import SQL, Lease
from m2s_orchestration.errors import LeaseHeld, LeaseLost, UnlawfulCutover
from m2s_orchestration.postgres import Connection, Database
from m2s_orchestration_tests.integration.delivery.locks import holder, lapse
from m2s_orchestration_tests.integration.delivery.plans import NOTIFICATION, TICK
from m2s_orchestration_tests.web_application import (
    OldCommand,
    WebApplication,
)

# Of the old command at most: it counts, cleans up, finds a row, looks, takes it, works, releases.
OLD_STEPS = 7
# Its clock is so far ahead of the database's, and it takes what still lives for expired.
AHEAD = timedelta(minutes=2)

NOBODY = "nobody has the row"
A_DEAD_POD = "a dead pod left its row"
A_ROW_THAT_ENDS = "a dead pod's row ends meanwhile"


@dataclass
class World:
    """One order of steps, and what was seen in it."""

    database: Database
    connection: Connection
    lease: Lease | None = None
    is_moved: bool = False
    seen: list[str] = field(default_factory=list)
    old: OldCommand = field(init=False)

    def __post_init__(self) -> None:
        self.old = OldCommand(WebApplication(self.connection, NOTIFICATION, ahead=AHEAD))

    def let_it_end(self) -> None:
        """The dead pod's row reaches its end, if it is there."""
        self.connection.execute(
            "UPDATE cronjob_locks SET expires_at = now() - interval '5 minutes'"
            " WHERE locked_by = 'a-dead-pod-1'"
        )

    def move(self) -> None:
        try:
            move(
                self.connection,
                notification=NOTIFICATION,
                effective_from=TICK,
                person="Jane",
            )
        except LeaseHeld:
            self.seen.append("move refused")
        else:
            self.is_moved = True

    def move_back(self) -> None:
        try:
            move_back(self.connection, notification=NOTIFICATION, person="Jane")
        except (LeaseHeld, UnlawfulCutover):
            self.seen.append("back refused")
        else:
            self.is_moved = False

    def acquire(self) -> None:
        """The statement itself: no heartbeat beats between two steps."""
        lease = Lease(
            self.database,
            notification=NOTIFICATION,
            run_id="0123",
            deadline=timedelta(minutes=5),
        )
        if SQL["acquire"].first(self.connection, **lease.identity, term=lease.term):
            self.lease = lease

    def die(self) -> None:
        if self.lease and holder(self.connection) == self.lease.owner:
            lapse(self.connection)
        self.lease = None

    def release(self) -> None:
        if self.lease:
            SQL["release"].run(self.connection, **self.lease.identity, is_certain=True)
        self.lease = None

    def we_may_decide(self) -> bool:
        if self.lease is None:
            return False
        try:
            self.lease.fence(self.connection)
        except LeaseLost:
            return False
        return True


Step = Callable[[World], None]
MOVE_RUN: tuple[Step, ...] = (World.move, World.acquire, World.release)
MOVE_KILLED_RUN: tuple[Step, ...] = (World.move, World.acquire, World.die, World.acquire)
MOVE_RUN_BACK: tuple[Step, ...] = (World.move, World.acquire, World.release, World.move_back)


def orders(ours: int, theirs: int) -> Iterator[tuple[bool, ...]]:
    """Every way to merge so many steps; True where ours comes."""
    for places in combinations(range(ours + theirs), ours):
        yield tuple(place in places for place in range(ours + theirs))


def live(world: World, order: Sequence[bool], ours: Sequence[Step]) -> Iterator[None]:
    """Take the steps in that order; yields after each."""
    mine, theirs = iter(ours), world.old.steps()
    for is_mine in order:
        if is_mine:
            next(mine)(world)
        else:
            next(theirs, None)
        yield


def begin(connection: Connection, start: str) -> None:
    connection.execute("DELETE FROM m2s_orchestration.cutover")
    connection.execute("DELETE FROM cronjob_locks")
    if start != NOBODY:
        dead = WebApplication(connection, NOTIFICATION, owner="a-dead-pod-1")
        dead.insert()


@pytest.mark.parametrize("start", [NOBODY, A_DEAD_POD, A_ROW_THAT_ENDS])
@pytest.mark.parametrize(
    "ours", [MOVE_RUN, MOVE_KILLED_RUN, MOVE_RUN_BACK], ids=["run", "killed", "back"]
)
def test_what_has_moved_over_the_old_command_does_not_begin(
    ours: tuple[Step, ...], start: str, database: Database, connection: Connection
) -> None:
    """But for one hole: it sees a row expired, we move, and it takes the row without a look."""
    steps = (World.let_it_end, *ours) if start == A_ROW_THAT_ENDS else ours
    intruded = 0
    for order in orders(len(steps), OLD_STEPS):
        begin(connection, start)
        world = World(database, connection)
        if start == A_DEAD_POD:
            world.let_it_end()
        saw_it_before = False
        for _ in live(world, order, steps):
            saw_it_before = saw_it_before or (world.old.saw_expired and not world.is_moved)
            began_now = world.old.is_working and "began" not in world.seen
            if began_now:
                world.seen.append("began")
            if began_now and world.is_moved:
                intruded += 1
                assert saw_it_before, f"it began after the move in the order {order}"
            assert not (world.old.is_working and world.we_may_decide()), order
        world.release()

    assert bool(intruded) == (start == A_ROW_THAT_ENDS)


def test_the_hole_closes_by_itself(database: Database, connection: Connection) -> None:
    """Whoever writes what they read a moment ago can overwrite any row, and a tombstone too."""
    begin(connection, A_DEAD_POD)
    world = World(database, connection)
    world.let_it_end()
    world.old.lock.insert()
    seen = world.old.lock.look()
    assert seen
    assert seen.is_expired
    world.move()
    world.old.lock.save(seen)
    assert holder(connection) == world.old.lock.owner

    world.acquire()
    while_it_works = world.lease
    world.old.lock.ends()
    world.acquire()

    assert while_it_works is None
    assert world.we_may_decide()
    world.release()
    assert holder(connection) == "moved-to-dagster"
