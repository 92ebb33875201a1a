"""Which requests and offers are found."""

from __future__ import annotations

from datetime import date

from m2s_orchestration.notifications.expire_past_swap_requests import notification
from m2s_orchestration.notifications.expire_past_swap_requests.rows import Offer, Request
from m2s_orchestration.postgres import Connection
from m2s_orchestration_tests.integration.rows import add_member, insert

TODAY = date(2026, 3, 1)


def ask(connection: Connection, day: str, status: str = "open") -> int:
    return insert(
        connection, "duty_roster_dutyswaprequest", role="DO", original_date=day, status=status,
        requester_id=add_member(connection), request_type="general",
    )  # fmt: skip


def offer(connection: Connection, request_id: int, status: str = "pending") -> int:
    return insert(
        connection, "duty_roster_dutyswapoffer", swap_request_id=request_id, status=status,
        offered_by_id=add_member(connection), offer_type="cover",
    )  # fmt: skip


def requests(connection: Connection) -> list[int]:
    rows = notification.queries["requests"].fetch(connection, Request, club_date=TODAY)
    return [row.id for row in rows]


def test_only_open_requests_of_a_day_that_is_over_are_found_oldest_first(
    connection: Connection,
) -> None:
    late = ask(connection, "2026-02-28")
    early = ask(connection, "2024-02-29")
    ask(connection, "2026-03-01")
    for status in ("expired", "cancelled", "fulfilled"):
        ask(connection, "2026-02-01", status)
    assert requests(connection) == [early, late]


def test_only_pending_offers_of_such_requests_are_found(connection: Connection) -> None:
    over, coming = ask(connection, "2026-02-28"), ask(connection, "2026-03-01")
    waits = offer(connection, over)
    for status in ("declined", "withdrawn", "auto_declined"):
        offer(connection, over, status)
    offer(connection, coming)
    rows = notification.queries["offers"].fetch(connection, Offer, club_date=TODAY)
    assert [row.id for row in rows] == [waits]
