"""Whatever a club's rows and settings hold, in short; and that a fault would be seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from html import escape
from secrets import token_hex
from types import FunctionType, SimpleNamespace
from typing import Any

import pytest
from icalendar import Calendar
from jinja2 import Environment, Template

from m2s_orchestration.club import reading
from m2s_orchestration.club.member import Member
from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration.framework import planning, run
from m2s_orchestration.mail import compose, envelope, filters, headers, render
from m2s_orchestration.notifications.report_duty_delinquents import report
from m2s_orchestration_tests.faults.bench.bench import Bench
from m2s_orchestration_tests.faults.fuzz.club import Cell
from m2s_orchestration_tests.faults.fuzz.fuzz import Laboratory, club_database, explore
from m2s_orchestration_tests.faults.fuzz.runs import Example
from m2s_orchestration_tests.faults.fuzz.values import Setting

Mutate = Callable[[pytest.MonkeyPatch], None]

AGING = "notify_aging_logsheets"
DIGEST = "send_maintenance_digest"
BRIEFING = "send_duty_preop_emails"
DUTY_REPORT = "report_duty_delinquents"
FIELD = Cell("logsheet_airfield", "name", 1)
OFFICER = Cell("members_member", "first_name", 16)
OFFICERS_ADDRESS = Cell("members_member", "email", 16)


def test_no_value_of_a_cell_or_a_setting_bends_a_mail(bench: Bench) -> None:
    findings = explore(bench, full=False)

    assert findings.violations == ()
    assert (findings.duplicates, findings.losses, findings.unknowns) == (0, 0, 0)
    assert findings.faults > 200


@pytest.fixture(scope="module")
def laboratory(postgres: EmbeddedPostgres) -> Iterator[Laboratory]:
    with club_database(postgres, "fuzz_mutants") as database:
        yield Laboratory(database)


def _lets_a_subject_write_headers(patch: pytest.MonkeyPatch) -> None:
    """A subject that names its reader, and headers written as they come."""
    made = render._subject_and_body.__wrapped__

    def with_name(package: str, template: str) -> tuple[Template, Template]:
        return Template("For {{ recipient.name }}"), made(package, template)[1]

    patch.setattr(Member, "greeting_name", property(lambda member: member.first_name))
    patch.setattr(render, "_subject_and_body", with_name)
    patch.setattr(render, "one_line", str)
    patch.setattr(headers, "one_line", str)
    patch.setattr(headers, "text_field", lambda name, text: f"{name}: {text}\r\n".encode())
    patch.setattr(compose, "verify", lambda *_, **__: None)


def _environment(patch: pytest.MonkeyPatch, **values: Any) -> None:
    """Templates in an environment with something changed."""
    made = render._environment.__wrapped__

    def changed(package: str) -> Environment:
        return made(package).overlay(**values)

    patch.setattr(render, "_environment", changed)
    patch.setattr(render, "_subject_and_body", render._subject_and_body.__wrapped__)


def _does_not_escape(patch: pytest.MonkeyPatch) -> None:
    _environment(patch, autoescape=False)


def _escapes_twice(patch: pytest.MonkeyPatch) -> None:
    def once_more(value: Any) -> Any:
        return value if hasattr(value, "__html__") else escape(str(value))

    _environment(patch, finalize=once_more)


def _evaluates_twice(patch: pytest.MonkeyPatch) -> None:
    _environment(patch, finalize=lambda value: Template(str(value)).render())


def _cuts_long_lines(patch: pytest.MonkeyPatch) -> None:
    cut = filters.tidy
    patch.setattr(
        filters, "tidy", lambda text: "\n".join(line[:72] for line in cut(text).split("\n"))
    )


def _says_less_on_the_page(patch: pytest.MonkeyPatch) -> None:
    made = render._html
    patch.setattr(render, "_html", lambda *given: made(*given).replace("Hill", ""))


def _leaves_dots_single(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(envelope.Envelope, "on_the_wire", property(lambda sealed: sealed.content))


def _leaves_calendars_bare(patch: pytest.MonkeyPatch) -> None:
    def bare(self: Calendar) -> bytes:
        return bytes(escaped(self)).replace(b"\\n", b"\r\n")

    escaped = Calendar.to_ical
    patch.setattr(Calendar, "to_ical", bare)


def _sends_to_somebody_else(patch: pytest.MonkeyPatch) -> None:
    composed = planning._composed

    def diverted(notification: Any, club: Any, letter: Any, *rest: Any) -> Any:
        return composed(notification, club, replace(letter, address="eve@example.org"), *rest)

    patch.setattr(planning, "_composed", diverted)


def _passes_over_in_silence(patch: pytest.MonkeyPatch) -> None:
    def silent(*arguments: Any, **named: Any) -> Any:
        return replace(planned(*arguments, **named), skips=())

    planned = planning.make_plan
    patch.setattr(run, "make_plan", silent)


def _divides_at_random(patch: pytest.MonkeyPatch) -> None:
    random = SimpleNamespace(sha256=lambda _: SimpleNamespace(hexdigest=lambda: token_hex(16)))
    patch.setattr(compose, "_multipart", _with_globals(compose._multipart, hashlib=random))


def _with_globals(function: Any, **values: Any) -> Any:
    """The same function in a module of its own."""
    return FunctionType(function.__code__, {**function.__globals__, **values})


def _checks_no_setting(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reading, "_checked", lambda _, address: address)


def _breaks_on_a_name(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        Member, "greeting_name", property(lambda member: member.first_name.encode("ascii").decode())
    )


def _lets_formulas_through(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(report, "_harmless", str)


MUTANTS: dict[Mutate, tuple[str, Example]] = {
    _lets_a_subject_write_headers: (
        "its header is",
        Example("", {OFFICER: "Ann\r\nBcc: evil@x.org"}, notifications=(AGING,)),
    ),
    _does_not_escape: (
        "it has the elements ['script']",
        Example("", {FIELD: "<script>alert(1)</script>"}, notifications=(AGING,)),
    ),
    _escapes_twice: (
        "its page differs: ['&'] is missing and ['&amp;'] is new",
        Example("", {FIELD: "Hill & Dale"}, notifications=(AGING,)),
    ),
    _evaluates_twice: (
        "its text differs: ['{{7*7}}'] is missing and ['49'] is new",
        Example("", {FIELD: "{{7*7}}"}, notifications=(AGING,)),
    ),
    _cuts_long_lines: (
        "its text differs",
        Example("", {FIELD: "x" * 300}, notifications=(AGING,)),
    ),
    _says_less_on_the_page: (
        "its page differs: ['Hill'] is missing",
        Example("", {FIELD: "Hill and Dale"}, notifications=(AGING,)),
    ),
    _leaves_dots_single: (
        "other bytes arrived than the ledger has",
        Example("", {FIELD: "a\n..\nb"}, notifications=(AGING,)),
    ),
    _leaves_calendars_bare: (
        "its calendar",
        Example(
            "",
            {Cell("siteconfig_siteconfiguration", "club_name", 1): "a\nX-EVIL:1"},
            notifications=(BRIEFING,),
        ),
    ),
    _sends_to_somebody_else: (
        "it went to ('eve@example.org',)",
        Example("", {}, notifications=(AGING,)),
    ),
    _passes_over_in_silence: (
        "lost: ('member:16', '') is neither told nor named",
        Example("", {OFFICERS_ADDRESS: "nobody"}, notifications=(AGING,)),
    ),
    _divides_at_random: (
        "the same club gave other bytes",
        Example("", {}, notifications=(AGING,)),
    ),
    _checks_no_setting: (
        "OPERATORS_EMAIL='nobody' is not refused",
        Example("", {}, Setting("OPERATORS_EMAIL", "nobody", "refused"), notifications=(AGING,)),
    ),
    _breaks_on_a_name: (
        "it ends with UnicodeEncodeError",
        Example("", {OFFICER: "J\u00fcrg"}, notifications=(AGING,)),
    ),
    _lets_formulas_through: (
        "its table has the formula",
        Example(
            "",
            {Cell("members_member", "first_name", row): "=1+1" for row in range(1, 76)},
            notifications=(DUTY_REPORT,),
        ),
    ),
}


@pytest.mark.parametrize("mutate", MUTANTS, ids=lambda mutate: mutate.__name__.strip("_"))
def test_a_fault_of_each_kind_would_be_seen(
    mutate: Mutate, laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentence, example = MUTANTS[mutate]
    assert laboratory.attempt(example, twice=True).faults == ()

    mutate(monkeypatch)
    faults = laboratory.attempt(example, twice=True).faults

    assert any(sentence in fault for fault in faults), faults
