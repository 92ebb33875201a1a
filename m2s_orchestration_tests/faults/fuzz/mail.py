"""What must hold of one mail that arrived: its envelope, header, page, facts and calendar files."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import idna

from m2s_orchestration_tests.faults.fuzz.club import MARK
from m2s_orchestration_tests.faults.fuzz.meant import Disturbance, Known, Row, words
from m2s_orchestration_tests.faults.fuzz.reader import Entry, Letter, read_letter
from m2s_orchestration_tests.smtp_script import Accepted

HEADER = (
    *("From", "To", "Subject", "Date", "Message-ID", "List-Id", "Auto-Submitted"),
    *("X-Auto-Response-Suppress", "MIME-Version", "Content-Type"),
)
ONE_ID = r"<[a-z0-9]+@[A-Za-z0-9.-]+>"
LOGO = {("img", "class", "logo"), ("img", "alt", ""), ("img", "height", "40")}
# No subject turns the direction of writing.
OVERRIDES = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def judge_mail(
    row: Row, mail: Accepted, known: Known, disturbance: Disturbance, *, exactly: bool
) -> Iterator[str]:
    """One mail, envelope and all."""
    if mail.content != row.content:
        yield "other bytes arrived than the ledger has"
    stored = disturbance.diverted_to or disturbance.addresses.get(row.reader, row.address)
    if len(mail.recipients) != 1 or not _is_same(mail.recipients[0], stored):
        yield f"it went to {mail.recipients}, and {stored!r} was meant"
    is_utf8 = not (mail.recipients[0].isascii() and mail.content.isascii())
    if is_utf8 != ("SMTPUTF8" in mail.options):
        yield f"it was offered with the options {mail.options}"
    try:
        letter = read_letter(mail.content)
    except Exception as error:  # noqa: BLE001 - whatever a receiver's program dies of
        yield f"it cannot be read: {type(error).__name__}: {error}"
        return
    yield from letter.faults
    yield from _about_the_header(row, mail, letter)
    yield from _about_the_sender(mail, letter, disturbance)
    yield from _about_the_structure(letter, known, disturbance)
    told = known.letters.get((row.reader, row.variant))
    if told:
        if letter.types != told.types:
            yield f"its parts are {letter.types}"
        yield from _about_the_subject(row, letter, told, disturbance)
        yield from _about_the_facts(letter, told, disturbance, exactly=exactly)
        yield from _about_the_entries(letter, told, disturbance)


def _about_the_header(row: Row, mail: Accepted, letter: Letter) -> Iterator[str]:
    names = [name for name in letter.names if name != "Reply-To"]
    if names != list(HEADER) or letter.names.count("Reply-To") > 1:
        yield f"its header is {letter.names}"
    # Quotes that a local part may have are no part of it to the one parser that drops them.
    if letter.recipient.replace('"', "") != mail.recipients[0].replace('"', ""):
        yield f"it is for {letter.recipient!r} and went to {mail.recipients[0]!r}"
    if letter.subject != row.subject:
        yield f"its subject is {letter.subject!r} and not {row.subject!r}"
    if letter.message_id != row.message_id or not re.fullmatch(ONE_ID, letter.message_id):
        yield f"its Message-ID is {letter.message_id!r} and not {row.message_id!r}"
    if not re.fullmatch(r"<[A-Za-z0-9.-]+>", letter.list_id):
        yield f"its List-Id is {letter.list_id!r}"


def _about_the_sender(mail: Accepted, letter: Letter, disturbance: Disturbance) -> Iterator[str]:
    """It comes from the club's own domain, and answers go to the club."""
    if letter.sender != mail.sender:
        yield f"it is from {letter.sender!r} and came from {mail.sender!r}"
    domains = {label for host in disturbance.hosts for label in (host, _label(host))}
    local, _, domain = mail.sender.rpartition("@")
    if local != "noreply" or domain.casefold() not in domains or not domain.isascii():
        yield f"it comes from {mail.sender!r}"
    if letter.reply_to and letter.reply_to.rpartition("@")[2].casefold() not in domains:
        yield f"answers go to {letter.reply_to!r}"


def _about_the_structure(letter: Letter, known: Known, disturbance: Disturbance) -> Iterator[str]:
    """No element, attribute, style, link or image but the template's."""
    page = letter.page
    elements = known.elements | ({"img"} if disturbance.has_logo else set())
    if foreign := page.elements.keys() - elements:
        yield f"it has the elements {sorted(foreign)}"
    added = page.attributes - known.attributes - LOGO
    if added := added - {item for item in added if item[:2] == ("img", "style")}:
        yield f"it has the attributes {sorted(added)}"
    if set(page.styles) - known.styles or len(page.styles) != 1:
        yield "its styles are not ours"
    for link in page.links:
        yield from _about_a_link(link, known, disturbance)
    if len(page.sources) > disturbance.has_logo:
        yield f"it loads {page.sources}"
    for source in page.sources:
        if not _is_of_the_web(source):
            yield f"its logo is at {source!r}"


def _about_a_link(link: str, known: Known, disturbance: Disturbance) -> Iterator[str]:
    if not _is_of_the_web(link):
        yield f"it links to {link!r}"
        return
    parts = urlsplit(link)
    if parts.path not in known.paths or parts.query or parts.fragment or parts.username:
        yield f"it links to {link!r}"
    if (parts.hostname or "") not in disturbance.hosts:
        yield f"it links to {link!r}, and the club is at {sorted(disturbance.hosts)}"


def _is_of_the_web(url: str) -> bool:
    if re.search(r"[\s\x00-\x20\x7f\\<>\"]", url):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False


def _about_the_subject(
    row: Row, letter: Letter, told: Letter, disturbance: Disturbance
) -> Iterator[str]:
    """The same facts, counts and days, and in dev mode who is meant."""
    if disturbance.has_blank(told.subject):
        return
    meant = disturbance.in_mail(told.subject)
    if disturbance.diverted_to:
        address = disturbance.addresses.get(row.reader)
        meant = f"[DEV MODE] {meant} [TO: {(address or '').strip()}]"
        if address is None:
            return
    meant = meant.translate(OVERRIDES)
    # Counts fall where somebody is mute; to the operators they rise.
    found, wanted = (
        re.sub("[0-9]+", "7", " ".join(words(subject))) for subject in (letter.subject, meant)
    )
    if row.reader != "operators" and found != wanted:
        yield f"its subject is {letter.subject!r} and should be {meant!r}"


def _about_the_facts(
    letter: Letter, told: Letter, disturbance: Disturbance, *, exactly: bool
) -> Iterator[str]:
    """The same facts in the text, on the page and in the club's rows."""
    origin = next((link for link in letter.page.links if not urlsplit(link).path), "")
    parts = {
        "text": (told.text, letter.text),
        "page": (told.page.seen, letter.page.seen),
        "title": (told.page.title, letter.page.title),
    }
    if exactly and not disturbance.has_blank(told.page.seen) and not disturbance.has_logo:
        yield from _about_the_elements(letter, told)
    for name, (before, now) in parts.items():
        said = words(now)
        meant = words(disturbance.in_mail(before, origin))
        if exactly and not disturbance.has_blank(before):
            if Counter(said) != Counter(meant):
                yield f"its {name} differs: {_difference(said, meant)}"
        elif missing := _missing(before, said, disturbance):
            yield f"its {name} does not say {missing}"


def _about_the_elements(letter: Letter, told: Letter) -> Iterator[str]:
    """As many of each as before, but for line ends that somebody wrote."""
    found, wanted = (Counter(item.page.elements) for item in (letter, told))
    for counter in (found, wanted):
        del counter["br"]
    if found != wanted:
        yield f"its page has {found - wanted} too many and {wanted - found} too few"


def _missing(before: str, said: list[str], disturbance: Disturbance) -> list[str]:
    """What the undisturbed text told by a mark, and this one does not."""
    whole = " ".join(said)
    marks = [mark for mark in MARK.findall(before) if "@" not in mark]
    shown = [" ".join(words(disturbance.in_mail(mark))) for mark in marks]
    return [fact[:80] for fact in shown if fact not in whole]


def _difference(said: list[str], meant: list[str]) -> str:
    lost, added = Counter(meant) - Counter(said), Counter(said) - Counter(meant)
    return f"{_short(lost)} is missing and {_short(added)} is new"


def _short(found: Counter[str]) -> list[str]:
    return [word[:60] for word in list(found)[:6]]


def _about_the_entries(letter: Letter, told: Letter, disturbance: Disturbance) -> Iterator[str]:
    """The calendar files say what the mail says."""
    if len(letter.entries) != len(told.entries):
        yield f"it has {len(letter.entries)} calendar files and should have {len(told.entries)}"
        return
    origin = next((link for link in letter.page.links if not urlsplit(link).path), "")
    meant = [_expected(entry, disturbance, origin) for entry in told.entries]
    if sorted(map(_content, letter.entries)) != sorted(map(_content, meant)):
        blank = any(disturbance.has_blank(" ".join(item.event.values())) for item in told.entries)
        if not blank:
            yield f"its calendar says {letter.entries} and should say {meant}"
    for entry, before in zip(letter.entries, told.entries, strict=True):
        if entry.lines != before.lines:
            yield f"its calendar has the lines {entry.lines}"
        if not words(entry.event["UID"]):
            yield "its calendar's event has no name of its own"


def _expected(entry: Entry, disturbance: Disturbance, origin: str) -> Entry:
    event = {name: disturbance.in_mail(value, origin) for name, value in entry.event.items()}
    return replace(entry, event=event)


def _content(entry: Entry) -> list[tuple[str, list[str]]]:
    """What its event says, without what is made of a title or follows from a setting."""
    made = {"UID", "ORGANIZER"}
    return sorted((name, words(said)) for name, said in entry.event.items() if name not in made)


def _is_same(wire: str, stored: str) -> bool:
    """Whether this is how the stored address goes over the wire."""
    local, _, domain = stored.strip().rpartition("@")
    return wire == f"{local}@{_label(domain)}"


def _label(domain: str) -> str:
    """The domain as A-labels, by a library that has no part in the mail; empty if it has none."""
    try:
        return domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
    except idna.IDNAError:
        return ""
