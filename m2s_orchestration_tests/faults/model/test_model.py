from __future__ import annotations

from dataclasses import fields

import pytest

from m2s_orchestration_tests.faults.model import model
from m2s_orchestration_tests.faults.model.faults import Bounds
from m2s_orchestration_tests.faults.model.invariants import NAMES, OF_EVERY_WORLD
from m2s_orchestration_tests.faults.model.protocol import STEPS, steps
from m2s_orchestration_tests.faults.model.rules import Rules
from m2s_orchestration_tests.faults.model.search import Search
from m2s_orchestration_tests.faults.model.variants import VARIANTS, Variant
from m2s_orchestration_tests.faults.model.world import Lease, Truth, Worker, World, with_truth

each_variant = pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)


def test_the_protocol_keeps_its_promises_in_every_world() -> None:
    searched = [Search(Rules(), bounds).run() for bounds in model.SHORT]

    assert [str(seen.broken) for seen in searched if seen.broken] == []
    assert all(seen.worlds > 100_000 for seen in searched)


@each_variant
def test_a_protocol_without_one_of_its_rules_breaks_a_promise(variant: Variant) -> None:
    broken = variant.counterexample()

    assert broken is not None
    assert broken.invariant == variant.breaks
    print(variant.name, broken, sep="\n")


def test_every_rule_is_left_out_once() -> None:
    assert {variant.lacks for variant in VARIANTS} == {rule.name for rule in fields(Rules)}


def test_every_promise_is_broken_once() -> None:
    assert {variant.breaks for variant in VARIANTS} == set(NAMES)


def test_without_a_fault_there_is_one_way_only_and_it_leads_to_rest() -> None:
    world = Bounds(runs=1, faults=0).beginning
    world = world._replace(lease=Lease("run 1", is_live=True), workers=(Worker("run 1"),))
    places = []
    while world.workers:
        places.append(world.workers[0].at)
        (move,) = [move for move in steps(world, 0, Rules()) if not move.faults]
        world = move.world

    one = ["offer", "claim", "dot", "testify"]
    assert places == ["record", "sweep", "list", *one, *one, "close", "end"]
    assert [row.state for row in world.rows] == ["sent", "sent"]
    assert [truth.taken for truth in world.truths] == [1, 1]
    assert (world.occurrence, world.lease) == ("done", Lease())


def test_every_place_of_a_run_is_reached() -> None:
    reached = {
        worker.at
        for world in _worlds(Bounds(people=("Ann",), faults=2))
        for worker in world.workers
    }

    assert reached == set(STEPS)


def test_a_second_mail_in_the_same_chance_is_a_duplicate() -> None:
    world = _sent_once()

    assert _broken_invariants(world) == set()
    assert _broken_invariants(with_truth(world, 0, taken=2)) == {"no duplicate"}
    assert _broken_invariants(with_truth(world, 0, taken=0, was_taken=False)) == {"no lie"}


def _sent_once() -> World:
    return next(
        world
        for world in _worlds(Bounds(people=("Ann",), runs=1, faults=0))
        if world.rows
        and world.rows[0].state == "sent"
        and world.truths[0] == Truth(taken=1, was_taken=True)
    )


def _worlds(bounds: Bounds) -> list[World]:
    search = Search(Rules(), bounds)
    search.run()
    return list(search.seen)


def _broken_invariants(world: World) -> set[str]:
    return {name for name, holds in OF_EVERY_WORLD.items() if holds(world)}
