"""From a decision to what the ledger records: every message rendered, once and for ever."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from m2s_orchestration.club.club import Club
from m2s_orchestration.delivery.ledger import (
    DEV_EMAIL,
    EMAIL,
    Plan,
    PlannedChange,
    PlannedMail,
    PlannedNotice,
    PlannedSkip,
)
from m2s_orchestration.errors import BadAddress, BadMessage, MailFault
from m2s_orchestration.framework.decision import Decision, Message, PassedOver, Recipient
from m2s_orchestration.framework.evaluation import Evaluation
from m2s_orchestration.framework.notification import Notification
from m2s_orchestration.framework.occurrence import Occurrence
from m2s_orchestration.mail import addresses
from m2s_orchestration.mail.compose import Mail, compose, message_id
from m2s_orchestration.settings import Settings

if TYPE_CHECKING:
    from m2s_orchestration.mail.render import Rendered


@dataclass(frozen=True)
class RenderedMessage:
    """A message as its reader sees it, and as it goes out."""

    message: Message
    rendered: Rendered
    mail: PlannedMail


@dataclass(frozen=True)
class Rendering:
    """All of a decision's messages; who turned out not to be mailable is passed over.

    `unmade` says why messages could not be made although their readers can be mailed.
    """

    messages: tuple[RenderedMessage, ...]
    passed_over: tuple[PassedOver, ...] = ()
    unmade: tuple[MailFault, ...] = ()


def render_messages(
    notification: Notification,
    occurrence: Occurrence,
    evaluation: Evaluation,
    settings: Settings,
    *,
    dated: datetime,
) -> Rendering:
    """Render and compose every message. The same decision and date give the same bytes."""
    messages: list[RenderedMessage] = []
    passed_over: list[PassedOver] = []
    unmade: list[MailFault] = []
    decision = with_operators_message(evaluation.decision, occurrence, evaluation.club)
    for message in decision.messages:
        try:
            address = addresses.check(message.recipient.address)
        except BadAddress as fault:
            passed_over.append(_passed_over(message, str(fault)))
            continue
        try:
            made = tuple(
                _made(notification, occurrence, evaluation.club, message, address, settings, dated)
            )
        except BadMessage as fault:
            # One that cannot be made does not keep the others back; the run tells of it.
            passed_over.append(_passed_over(message, f"the mail could not be made: {fault}"))
            unmade.append(fault)
        else:
            messages.extend(made)
    return Rendering(tuple(messages), tuple(passed_over), tuple(unmade))


def _made(
    notification: Notification,
    occurrence: Occurrence,
    club: Club,
    message: Message,
    address: str,
    settings: Settings,
    dated: datetime,
) -> Iterator[RenderedMessage]:
    rendered = _rendered(notification, occurrence, club, message)
    for envelope in _envelopes(message, address, rendered, settings):
        mail = _composed(notification, club, envelope, dated, channel_of(settings))
        yield RenderedMessage(envelope.message, envelope.rendered, mail)


def _passed_over(message: Message, reason: str) -> PassedOver:
    return PassedOver(
        message.recipient,
        message.period,
        reason,
        variant=message.variant,
        only_if=message.only_if,
    )


def make_plan(
    notification: Notification,
    occurrence: Occurrence,
    evaluation: Evaluation,
    rendering: Rendering,
    *,
    due_until: datetime,
) -> Plan:
    """What one transaction is to record."""
    decision = evaluation.decision
    passed_over = (*decision.passed_over, *rendering.passed_over)
    mails = tuple(item.mail for item in rendering.messages)
    return Plan(
        tick=occurrence.moment,
        due_until=due_until,
        periods=tuple(sorted({*decision.periods, *(mail.period for mail in mails)})),
        mails=mails,
        skips=tuple(
            PlannedSkip(
                item.period, item.recipient.key, item.variant, item.reason, only_if=item.only_if
            )
            for item in passed_over
        ),
        notices=tuple(PlannedNotice(**vars(notice)) for notice in decision.notices),
        changes=_changes(notification, decision),
        found=decision.found,
    )


def with_operators_message(decision: Decision, occurrence: Occurrence, club: Club) -> Decision:
    """What nobody can be told goes to the operators, if the club has any.

    In one message a day, but for what depends on a change: that has a message of its own, which
    does too.
    """
    if not club.operators:
        return decision
    operators = Recipient.at(club.operators, "operators")
    return decision.with_messages(
        *(
            Message(
                recipient=operators,
                period=occurrence.club_date(club.zone).isoformat(),
                facts=tuple(item for item in decision.untold if item.only_if == only_if),
                variant=f"nobody to tell {only_if or ''}".strip(),
                template="nobody_to_tell",
                only_if=only_if,
            )
            for only_if in dict.fromkeys(item.only_if for item in decision.untold)
        )
    )


def _changes(notification: Notification, decision: Decision) -> tuple[PlannedChange, ...]:
    return tuple(
        PlannedChange(change.key, notification.changes[change.statement], change.values)
        for change in decision.changes
    )


def _rendered(
    notification: Notification, occurrence: Occurrence, club: Club, message: Message
) -> Rendered:
    from m2s_orchestration.mail.render import render

    # The operators' message is the framework's own; every other one lies beside its notification.
    is_ours = message.template == "nobody_to_tell"
    return render(
        package=__package__ if is_ours else notification.package,
        template=message.template,
        context={
            "facts": message.facts,
            "recipient": message.recipient,
            "club": club,
            "occurrence": occurrence,
            "notification": notification,
        },
    )


def channel_of(settings: Settings) -> str:
    """The channel of everything that goes out under these settings."""
    return DEV_EMAIL if settings.dev_mode else EMAIL


@dataclass(frozen=True)
class _Envelope:
    message: Message
    address: str
    rendered: Rendered


def _envelopes(
    message: Message, address: str, rendered: Rendered, settings: Settings
) -> Iterator[_Envelope]:
    """To the recipient; in dev mode to each address that stands in for every recipient."""
    if not settings.dev_mode:
        yield _Envelope(message, address, rendered)
        return
    marked = replace(rendered, subject=f"[DEV MODE] {rendered.subject} [TO: {address}]")
    for stand_in in settings.redirect_to:
        variant = f"{message.variant} dev:{addresses.normalise(stand_in)}".strip()
        yield _Envelope(replace(message, variant=variant), addresses.check(stand_in), marked)


def _composed(
    notification: Notification, club: Club, envelope: _Envelope, dated: datetime, channel: str
) -> PlannedMail:
    message, rendered = envelope.message, envelope.rendered
    key = (notification.name, message.period, message.recipient.key, message.variant)
    said = f"{rendered.subject}\0{rendered.text}\0{rendered.html}"
    identity = message_id(key=key, content=said, domain=club.sender.domain)
    content = compose(
        Mail(
            sender=club.sender.address,
            recipient=envelope.address,
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.html,
            date=dated,
            message_id=identity,
            list_id=f"{notification.name.replace('_', '-')}.{club.sender.domain}",
            reply_to=club.sender.reply_to,
            attachments=tuple(message.attachments),
        )
    )
    return PlannedMail(
        period=message.period,
        recipient_key=message.recipient.key,
        variant=message.variant,
        sender=club.sender.address,
        address=envelope.address,
        message_id=identity,
        subject=rendered.subject,
        content=content,
        content_digest=hashlib.sha256(content).hexdigest(),
        channel=channel,
        only_if=message.only_if,
    )
