"""Which requests and offers are closed, and who hears of it."""

from __future__ import annotations

from datetime import date

from m2s_orchestration.club.club import Club
from m2s_orchestration.framework import Change, Decision, Parameters
from m2s_orchestration.notifications.expire_past_swap_requests import notification
from m2s_orchestration.notifications.expire_past_swap_requests.evaluate import Facts, evaluate
from m2s_orchestration.notifications.expire_past_swap_requests.rows import Offer, Request, Rows
from m2s_orchestration_tests.factories import club, member, occurrence

THREE = club(member(1), member(2), member(3))


def request(id: int = 7, requester_id: int = 1) -> Request:
    return Request(id, requester_id, "DO", "", "", date(2026, 2, 22))


def decide(*requests: Request, offers: tuple[Offer, ...] = (), within: Club = THREE) -> Decision:
    night = occurrence("2026-03-01T03:10:00Z", cron=notification.cron)
    return evaluate(Rows(requests, offers), night, within, Parameters())


def told(decision: Decision) -> list[tuple[str, str, str, str | None]]:
    return [
        (message.recipient.key, message.period, message.template, message.only_if)
        for message in decision.messages
    ]


def test_who_asked_and_who_offered_hear_if_the_request_and_the_offer_are_closed() -> None:
    decision = decide(request(), offers=(Offer(8, 7, 2), Offer(9, 7, 3)))
    assert told(decision) == [
        ("member:1", "request 7", "email", "expire:7"),
        ("member:2", "request 7", "offer", "decline:8"),
        ("member:3", "request 7", "offer", "decline:9"),
    ]
    assert decision.messages[0].facts == Facts("Duty Officer", date(2026, 2, 22), member(1))


def test_the_request_is_closed_before_its_offers_and_by_the_clubs_date() -> None:
    decision = decide(request(), offers=(Offer(8, 7, 2),))
    # Ten in the evening of the day before, where the club is.
    values = {"request_id": 7, "club_date": date(2026, 2, 28)}
    assert decision.changes == (
        Change("expire:7", "expire_request", values),
        Change("decline:8", "decline_offer", {"offer_id": 8}),
    )


def test_who_offered_twice_is_thanked_once_and_both_offers_are_closed() -> None:
    decision = decide(request(), offers=(Offer(8, 7, 2), Offer(9, 7, 2)))
    assert [key for key, *_ in told(decision)] == ["member:1", "member:2"]
    assert len(decision.changes) == 3


def test_of_two_requests_each_is_told_of_in_a_mail_of_its_own() -> None:
    decision = decide(request(7), request(8), offers=(Offer(9, 8, 2),))
    assert [(key, period) for key, period, *_ in told(decision)] == [
        ("member:1", "request 7"),
        ("member:1", "request 8"),
        ("member:2", "request 8"),
    ]


def test_who_cannot_be_mailed_keeps_no_request_open() -> None:
    within = club(member(1, email=""), member(2, membership_status="Inactive"))
    decision = decide(request(), offers=(Offer(8, 7, 2),), within=within)
    assert not decision.messages
    assert [(skip.variant, skip.only_if) for skip in decision.passed_over] == [
        ("", "expire:7"),
        ("offer", "decline:8"),
    ]
    assert len(decision.changes) == 2


def test_where_nothing_is_over_nothing_happens() -> None:
    assert decide() == Decision(found={"past_requests": 0, "pending_offers": 0})
