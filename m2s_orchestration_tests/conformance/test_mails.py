"""Every mail is for one person who may be told, says the same twice, and is made the same again."""

from __future__ import annotations

import os
import subprocess
import sys
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses
from functools import cache

import pytest

from m2s_orchestration.club.club import Club
from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration.framework import Notification
from m2s_orchestration.framework.planning import RenderedMessage
from m2s_orchestration.mail.addresses import check
from m2s_orchestration.notifications import NOTIFICATIONS
from m2s_orchestration_tests.acceptance import seen
from m2s_orchestration_tests.conformance.lives import every_notification, run_of, settings
from m2s_orchestration_tests.structure.repository import ROOT

Mails = dict[str, tuple[Club, tuple[RenderedMessage, ...]]]


@pytest.fixture(scope="module")
def mails(postgres: EmbeddedPostgres, ledger_template: str) -> Mails:
    """What each notification says on the demo day, and the club that it saw."""
    environment = settings(postgres.conninfo(ledger_template))

    @cache
    def said(notification: Notification) -> tuple[Club, tuple[RenderedMessage, ...]]:
        with run_of(notification, environment, dry_run=True) as run:
            return run.evaluation.club, run.rendering.messages

    return {notification.name: said(notification) for notification in NOTIFICATIONS}


def parsed(mail: RenderedMessage) -> EmailMessage:
    message = message_from_bytes(mail.mail.content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def part(mail: RenderedMessage, kind: str) -> str:
    found = parsed(mail).get_body((kind,))
    assert found is not None
    return str(found.get_content())


@every_notification
def test_every_mail_is_for_one_active_person_with_a_valid_address(
    notification: Notification, mails: Mails
) -> None:
    club, said = mails[notification.name]
    offices = {club.operators, club.mailing_list}
    for mail in said:
        message = parsed(mail)
        ((_, address),) = getaddresses([message["To"]])
        assert message["Cc"] is message["Bcc"] is None
        assert address == check(mail.mail.address)
        kind, _, key = mail.mail.recipient_key.partition(":")
        if kind == "member":
            member = club.member(int(key))
            assert club.is_active(member)
            assert address == member.email.strip()
        else:
            assert address in offices


@every_notification
def test_nobody_is_told_the_same_twice(notification: Notification, mails: Mails) -> None:
    keys = [
        (mail.mail.period, mail.mail.recipient_key, mail.mail.variant)
        for mail in mails[notification.name][1]
    ]
    assert len(keys) == len(set(keys))


@every_notification
def test_the_text_and_the_page_carry_the_same_facts_and_links(
    notification: Notification, mails: Mails
) -> None:
    club, said = mails[notification.name]
    names = {member.id: member.display_name for member in club.members.values()}
    for mail in said:
        text, html = part(mail, "plain"), part(mail, "html")
        page = seen.text_of(html)
        assert seen.dates(text) == seen.dates(page)
        assert seen.named(text, names) == seen.named(page, names)
        # A count may stand in the subject and, on the page, in its heading.
        subject = mail.rendered.subject
        assert numbers(f"{subject} {text}") == numbers(f"{subject} {page}")
        found = seen.paths(seen.LINK.findall(text))
        assert found == seen.paths(seen.TARGET.findall(html))


def numbers(text: str) -> set[int]:
    """The numbers of a text, without those of its links."""
    return set(seen.numbers(seen.LINK.sub(" ", text)))


def digests(postgres: EmbeddedPostgres, template: str, seed: str) -> list[str]:
    """What `bytes.py` prints, in a process with that order of sets."""
    module = "m2s_orchestration_tests.conformance.bytes"
    ended = subprocess.run(
        [sys.executable, "-m", module, postgres.conninfo(template)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stdout.splitlines()


@pytest.fixture(scope="module")
def made_twice(postgres: EmbeddedPostgres, ledger_template: str) -> tuple[list[str], list[str]]:
    first, again = (digests(postgres, ledger_template, seed) for seed in ("1", "2"))
    return first, again


@every_notification
def test_another_process_makes_the_same_bytes_in_the_same_order(
    notification: Notification, made_twice: tuple[list[str], list[str]], mails: Mails
) -> None:
    first, again = (
        [line for line in lines if line.split()[0] == notification.name] for lines in made_twice
    )
    assert len(first) == len(mails[notification.name][1])
    assert first == again
