"""Every mail of the demo club's day, read by parsers that did not write it."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses

import pytest
from tinyhtml5.parser import HTMLParser

from m2s_orchestration.demo.day import agenda
from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration.framework.planning import RenderedMessage
from m2s_orchestration.framework.request import Request
from m2s_orchestration.framework.run import NotificationRun
from m2s_orchestration.notifications import NOTIFICATIONS
from m2s_orchestration.settings import Settings

# Strict: whatever is not as RFC 5322 and the MIME standards have it is an error.
STRICT = policy.SMTP.clone(raise_on_defect=True)
ENTITY = re.compile(r"&(#\d+|#x[0-9a-f]+|amp|lt|gt|quot|apos|nbsp);", re.IGNORECASE)
REMOTE = re.compile(r"""(?:src|background)\s*=|url\(|@import|<(?:script|link|iframe|form)\b""")


@pytest.fixture(scope="module")
def mails(postgres: EmbeddedPostgres, ledger_template: str) -> list[RenderedMessage]:
    """All of them, as a rehearsal of the day renders them."""
    settings = Settings.from_environment(
        {
            "DATABASE_URL": postgres.conninfo(ledger_template),
            "EMAIL_HOST": "127.0.0.1",
            "OPERATORS_EMAIL": "operators@highmeadowsoaring.example",
        }
    )
    rendered: list[RenderedMessage] = []
    for tick, notification in agenda(NOTIFICATIONS):
        request = Request.parse(
            notification,
            {"dry_run": True},
            partition=tick.strftime("%Y-%m-%d-%H:%M"),
            waits=False,
            now=tick,
        )
        run = NotificationRun(notification, request, settings, run_id="test")
        does = run.rendering.messages or run.evaluation.decision.changes
        assert does, f"{notification.name} has nothing to do on the demo day"
        rendered.extend(run.rendering.messages)
    return rendered


def parsed(mail: RenderedMessage) -> EmailMessage:
    return message_from_bytes(mail.mail.content, policy=STRICT)


def bodies(mail: RenderedMessage) -> tuple[str, str]:
    """The text part and the HTML part as they arrive."""
    text, html = (parsed(mail).get_body((kind,)) for kind in ("plain", "html"))
    assert text
    assert html
    return text.get_content(), html.get_content()


def test_every_one_is_a_valid_mail_to_one_person(mails: list[RenderedMessage]) -> None:
    for mail in mails:
        message = parsed(mail)
        assert all(not part.defects for part in message.walk())
        ((_, address),) = getaddresses([message["To"]])
        assert address == mail.mail.address
        assert message["Cc"] is message["Bcc"] is None
        assert message["Auto-Submitted"] == "auto-generated"
        assert message["Message-ID"] == mail.mail.message_id
        assert max(map(len, mail.mail.content.split(b"\r\n"))) <= 998


def test_every_html_part_is_valid_html(mails: list[RenderedMessage]) -> None:
    for mail in mails:
        parser = HTMLParser()
        parser.parse(bodies(mail)[1])
        assert parser.errors == [], mail.rendered.subject


def test_no_text_part_is_escaped_and_every_html_part_is(mails: list[RenderedMessage]) -> None:
    for mail in mails:
        text, html = bodies(mail)
        assert not ENTITY.search(text), mail.rendered.subject
        assert "&amp;amp;" not in html


def test_nobody_reads_anothers_address_in_the_header(mails: list[RenderedMessage]) -> None:
    addresses = {mail.mail.address for mail in mails}
    for mail in mails:
        head = mail.mail.content.partition(b"\r\n\r\n")[0].decode()
        others = addresses - {mail.mail.address}
        assert not [
            address for address in others if f"<{address}>" in head or f" {address}" in head
        ]


def test_nothing_is_fetched_when_a_mail_is_opened(mails: list[RenderedMessage]) -> None:
    """The demo club has no logo, the one thing that may come from elsewhere."""
    for mail in mails:
        assert not REMOTE.search(bodies(mail)[1]), mail.rendered.subject


def test_every_message_has_an_id_of_its_own(mails: list[RenderedMessage]) -> None:
    identities = [mail.mail.message_id for mail in mails]

    assert len(identities) == len(set(identities))
