"""The year that the demo club flew."""

from __future__ import annotations

from datetime import date

from m2s_orchestration.demo.days import AGING_DAY, DEMO_DAY, LAST_FINALIZED_DAY
from m2s_orchestration.demo.flying import OWED_REPORTS, flying_days, instruction
from m2s_orchestration.demo.people import STUDENTS


def test_every_day_before_the_last_weeks_is_finalized_but_one() -> None:
    open_days = [day.day for day in flying_days() if not day.finalized]
    assert [day for day in open_days if day <= LAST_FINALIZED_DAY] == [AGING_DAY]
    assert all((DEMO_DAY - day).days < 7 for day in open_days if day != AGING_DAY)


def test_students_never_fly_alone() -> None:
    flights = [flight for day in flying_days() for flight in day.flights]
    assert all(flight.instructor for flight in flights if flight.pilot in STUDENTS)


def test_nobody_flies_with_the_club_before_joining_it() -> None:
    first = min(day.day for day in flying_days() if 53 in [flight.pilot for flight in day.flights])
    assert first > date(2026, 1, 10)


def test_every_lesson_has_a_report_but_those_that_are_owed() -> None:
    lessons = {
        (day.day, flight.instructor, flight.pilot)
        for day in flying_days()
        for flight in day.flights
        if flight.pilot and flight.instructor
    }
    written = {
        (report["report_date"], report["instructor_id"], report["student_id"])
        for report in instruction(flying_days())["instructors_instructionreport"]
    }
    assert lessons - written == {lesson[:3] for lesson in OWED_REPORTS}
    assert written < lessons


def test_on_the_late_reports_monday_there_is_a_report_owed_at_every_level() -> None:
    ages = [(date(2026, 3, 2) - day).days for day, *_ in OWED_REPORTS]
    for youngest, oldest in ((7, 13), (14, 20), (21, 24), (25, 29), (30, 90)):
        assert any(youngest <= age <= oldest for age in ages)
    assert max(ages) > 90
