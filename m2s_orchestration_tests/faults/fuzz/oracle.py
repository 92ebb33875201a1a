"""What must hold of a run for a disturbed club: by the ledger, the mail server and each mail."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator

from m2s_orchestration_tests.faults.fuzz.mail import judge_mail
from m2s_orchestration_tests.faults.fuzz.meant import Disturbance, Known, Outcome, Row, words
from m2s_orchestration_tests.faults.fuzz.reader import read_letter
from m2s_orchestration_tests.faults.fuzz.values import is_deliverable

SETTLED = {"sent", "skipped", "failed"}
VERBS = {"ehlo", "MAIL", "RCPT", "DATA", "RSET", "NOOP", "QUIT"}
FORMULA = ("=", "+", "-", "@")


def judge(outcome: Outcome, known: Known, disturbance: Disturbance) -> Iterator[str]:
    """Everything that does not hold, as sentences."""
    yield from _about_the_run(outcome)
    yield from _about_the_witness(outcome)
    yield from _about_the_untold(outcome)
    rows = {(row.reader, row.variant): row for row in outcome.rows}
    for key in known.letters:
        yield from _about_the_reader(key, rows.get(key), disturbance)
    for key in rows.keys() - known.letters.keys() - known.others:
        yield f"{key} is told and should not be"
    for row in outcome.rows:
        yield from _about_the_reason(row, disturbance)
    yield from _about_the_mails(outcome, known, disturbance)


def _about_the_mails(outcome: Outcome, known: Known, disturbance: Disturbance) -> Iterator[str]:
    by_id = {mail.header("Message-ID"): mail for mail in outcome.accepted}
    sent = {(row.reader, row.variant): row for row in outcome.rows if row.state == "sent"}
    is_as_before = not known.is_shared_out or known.letters.keys() <= sent.keys()
    for (reader, variant), row in sent.items():
        if row.message_id in by_id:
            exactly = is_as_before and reader != "operators" and not disturbance.shares(reader)
            mail = by_id[row.message_id]
            for fault in judge_mail(row, mail, known, disturbance, exactly=exactly):
                yield f"to {reader} {variant}: {fault}"


def _about_the_run(outcome: Outcome) -> Iterator[str]:
    """It says what it did, and speaks with the mail server of mail only."""
    states = {row.state for row in outcome.rows}
    word = "incomplete" if "failed" in states else "sent" if "sent" in states else "nothing_to_send"
    if outcome.word != word:
        yield f"the run says {outcome.word} and not {word}"
    if foreign := outcome.verbs - VERBS:
        yield f"the mail server heard {sorted(foreign)[:3]}"
    for table in outcome.tables:
        rows = list(csv.reader(io.StringIO(table.decode(), newline="")))
        if {len(row) for row in rows} != {len(rows[0])}:
            yield "its table has rows of several lengths"
        for cell in (cell for row in rows for cell in row):
            if cell.lstrip().startswith(FORMULA):
                yield f"its table has the formula {cell[:40]!r}"


def _about_the_witness(outcome: Outcome) -> Iterator[str]:
    """The ledger and the mail server agree."""
    sent = Counter(row.message_id for row in outcome.rows if row.state == "sent")
    got = Counter(mail.header("Message-ID") for mail in outcome.accepted)
    if sent != got:
        yield f"the ledger and the mail server differ: {sent - got} and {got - sent}"
    for row in outcome.rows:
        if row.state not in SETTLED:
            yield f"{row.reader} is left {row.state}"
        if row.state != "sent" and not row.reason:
            yield f"{row.reader} is {row.state} for no reason"
        if "could not be made" in row.reason:
            yield f"{row.reader}: {row.reason}"


def _about_the_untold(outcome: Outcome) -> Iterator[str]:
    """The operators read of everything that nobody could be told."""
    told = {row.message_id for row in outcome.rows if row.reader == "operators"}
    letters = [
        read_letter(mail.content) for mail in outcome.accepted if mail.header("Message-ID") in told
    ]
    for part in ("text", "page"):
        whole = [letter.text if part == "text" else letter.page.seen for letter in letters]
        said = " ".join(words(" ".join(whole)))
        for item in outcome.untold:
            if " ".join(words(item)) not in said:
                yield f"the operators' {part} does not say {item[:80]!r}"


def _about_the_reader(
    key: tuple[str, str], row: Row | None, disturbance: Disturbance
) -> Iterator[str]:
    """Whoever can be told is told, and whoever cannot is named with the reason."""
    reader, _ = key
    address = disturbance.addresses.get(reader, "")
    fate = is_deliverable(address) if reader.startswith("member:") else "perhaps"
    if row is None:
        if not disturbance.shares(reader) and not (
            reader == "list" and disturbance.is_of_a_setting
        ):
            yield f"lost: {key} is neither told nor named"
    elif fate == "yes" and row.state != "sent":
        is_told_elsewhere = row.state == "skipped" and disturbance.shares(reader)
        if not is_told_elsewhere and not _is_beyond_the_server(row, address, disturbance):
            yield f"{reader} is {row.state} ({row.reason}), and {address!r} is an address"
    elif fate == "no" and row.state != "skipped":
        yield f"{reader} is {row.state}, and {address!r} is no address"


def _is_beyond_the_server(row: Row, address: str, disturbance: Disturbance) -> bool:
    """Whether the mail server takes no such address, and the ledger says so."""
    needs_utf8 = not address.rpartition("@")[0].isascii() and not disturbance.takes_utf8
    return needs_utf8 and row.state == "failed" and "SMTPUTF8" in row.reason


def _about_the_reason(row: Row, disturbance: Disturbance) -> Iterator[str]:
    """It shows nobody's address in full."""
    address = disturbance.addresses.get(row.reader, "").strip()
    if len(address.rpartition("@")[0]) > 4 and address in row.reason:
        yield f"the reason of {row.reader} shows an address: {row.reason!r}"
