"""Carries what the ledger has as unsent to the mail server, over several connections at once."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing

import psycopg

from m2s_orchestration.delivery.errand import Errand, Round, Route
from m2s_orchestration.delivery.hand import Hand
from m2s_orchestration.delivery.lease import Lease
from m2s_orchestration.errors import DatabaseFault, OrchestrationError, ServerUnavailable
from m2s_orchestration.postgres import Database, first_line, translated


def deliver(database: Database, lease: Lease, route: Route, delivery_ids: Sequence[int]) -> Round:
    """Offer these deliveries to the server, several at a time.

    The work is done in threads of its own, so that an interrupt of the run finds each message
    either finished or not begun. It stops at the first fault that concerns all of them; a server
    that does not serve one connection is such a fault when it serves no other.
    """
    errand = Errand(database, lease, route, delivery_ids)
    pool = ThreadPoolExecutor(max_workers=errand.hands, thread_name_prefix="courier")
    works: list[Future[None]] = []
    try:
        works.extend(pool.submit(_work, errand) for _ in range(errand.hands))
        while wait(works, timeout=0.2).not_done:
            # Not one long wait, in which Python would not hear of a signal.
            pass
    finally:
        errand.halt()
        # And not Thread.join: interrupted in one, Python takes a living thread for ended.
        wait(works)
        pool.shutdown(wait=False)
    for work in works:
        work.result()
    return errand.round


def _work(errand: Errand) -> None:
    """Serve deliveries until none is left, the round is stopped or the server has no connection."""
    try:
        with translated(), closing(Hand(errand)) as hand:
            while (delivery_id := hand.next_delivery()) is not None:
                try:
                    hand.serve(delivery_id)
                except ServerUnavailable as fault:
                    errand.give_back(delivery_id, fault)
                    return
                errand.lay_down()
    except OrchestrationError as fault:
        errand.end(fault)
    except psycopg.Error as error:
        errand.end(
            DatabaseFault(
                f"The ledger cannot be used: {first_line(error)}. `m2s doctor` looks for the cause."
            )
        )
    except BaseException:
        errand.halt()
        raise
