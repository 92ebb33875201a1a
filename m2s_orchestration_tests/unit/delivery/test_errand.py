from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from threading import Event

from hypothesis import given, settings
from hypothesis import strategies as st

from m2s_orchestration.delivery.errand import Errand, Route
from m2s_orchestration.delivery.lease import Lease
from m2s_orchestration.errors import ServerUnavailable
from m2s_orchestration.mail.smtp import MailServer
from m2s_orchestration.postgres import Database

# How many messages the server takes from each hand before it is gone for that hand.
NO_END = 1_000
endurances = st.lists(st.sampled_from([0, 0, 1, 2, NO_END]), min_size=1, max_size=4)


def errand_of(deliveries: int, hands: int) -> Errand:
    nowhere = Database("")
    lease = Lease(nowhere, notification="n", run_id="r", deadline=timedelta(minutes=5))
    return Errand(nowhere, lease, Route(MailServer("nowhere", 25), hands), range(deliveries))


def work(errand: Errand, endurance: int, somebody_idles: Event) -> list[int]:
    """What a hand serves until the server is gone for it; every other one it reserves first."""
    served: list[int] = []
    next_one: int | None = None
    while (
        delivery := errand.take(before_waiting=somebody_idles.set, reserved=next_one)
    ) is not None:
        next_one = None
        if len(served) == endurance:
            # The others may have come to the end of what is left meanwhile, or hold the rest.
            somebody_idles.wait(0.01)
            errand.give_back(delivery, ServerUnavailable("gone"))
            break
        served.append(delivery)
        if len(served) % 2:
            next_one = errand.reserve()
        elif (unwanted := errand.reserve()) is not None:
            errand.put_back(unwanted)
        errand.lay_down()
    return served


@settings(deadline=None, max_examples=200)
@given(st.integers(1, 12), endurances)
def test_whatever_hands_leave_the_last_one_serves_or_says_why_not(
    deliveries: int, endurances: list[int]
) -> None:
    errand = errand_of(deliveries, len(endurances))
    hands = endurances[: errand.hands]

    somebody_idles = Event()

    with ThreadPoolExecutor(errand.hands) as pool:
        works = [pool.submit(work, errand, endurance, somebody_idles) for endurance in hands]
        done, waiting = wait(works, timeout=30)
        errand.halt()

    assert not waiting
    served = sorted(delivery for one in done for delivery in one.result())
    assert len(served) == len(set(served))
    assert (served == list(range(deliveries))) == (errand.round.fault is None)
    if NO_END in hands:
        assert errand.round.fault is None


def test_what_is_reserved_is_nobody_elses_and_what_is_put_back_comes_first() -> None:
    errand = errand_of(deliveries=3, hands=2)

    assert errand.take(before_waiting=lambda: None) == 0
    assert errand.reserve() == 1
    assert errand.take(before_waiting=lambda: None) == 2
    assert errand.reserve() is None
    errand.put_back(1)
    assert errand.take(before_waiting=lambda: None) == 1


def test_what_is_reserved_is_not_begun_after_a_stop() -> None:
    errand = errand_of(deliveries=2, hands=1)
    errand.take(before_waiting=lambda: None)
    reserved = errand.reserve()
    errand.halt()

    assert errand.take(before_waiting=lambda: None, reserved=reserved) is None
    assert errand.reserve() is None
