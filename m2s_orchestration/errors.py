"""What can go wrong, by name.

OrchestrationError
├── BadSettings              the environment is incomplete or malformed (all faults at once)
├── BadDeclaration           a notification is declared wrongly
├── BadParameter             a run was asked for something it cannot do
├── UnknownNotification      there is no notification of that name
├── ClubFault                the club's own data do not allow a decision
│   ├── UnknownTimeZone
│   ├── NoActiveStatus
│   ├── NobodyToTell
│   └── BadLogo              ... or its logo to be made into icons
├── DatabaseFault            the club's database cannot be used
│   ├── DatabaseUnreachable
│   ├── MissingTable
│   ├── MissingPermission
│   └── NotMigrated
├── ClubChanged              rows of the club changed between the decision and its recording
├── LeaseHeld                somebody else runs this notification now
├── LeaseLost                the lease went to somebody else while we worked
├── UnlawfulCutover          a notification cannot be moved over, or back, that way
├── NotOurs                  the occurrence is the web application's to send
├── MailFault                a message or the way to the mail server
│   ├── BadAddress
│   ├── BadMessage
│   ├── ServerUnavailable    the connection failed; nothing was offered
│   ├── ServerRefusedUs      our login or sender is refused: a matter of configuration
│   ├── MessageDeferred      4xx: not taken now
│   ├── MessageRefused       5xx: not taken, ever
│   └── OutcomeUnknown       the final dot went out and no answer came
├── UnlawfulSettlement       a delivery cannot be settled that way
├── BadUpload                a file cannot be kept under the name that it has
├── StoreFault               the club's media store cannot be used
├── CommandFailed            the web application's command did not do its work
├── IncompleteDelivery       the run is over and some of its mail is not out
└── DemoFault                the demo's own servers could not be started
"""

from __future__ import annotations


class OrchestrationError(Exception):
    """Something went wrong in m2s_orchestration."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class BadSettings(OrchestrationError):
    """The environment does not describe a club that mail can be sent for."""


class BadDeclaration(OrchestrationError):
    """The notification is declared wrongly."""


class BadParameter(OrchestrationError):
    """The run was asked for something it cannot do."""


class UnknownNotification(OrchestrationError):
    """There is no notification of that name."""


class ClubFault(OrchestrationError):
    """The club's own data do not allow a decision."""


class UnknownTimeZone(ClubFault):
    """The club's time zone is not a known zone name."""


class NoActiveStatus(ClubFault):
    """No membership status is active, so nobody could be told anything."""


class NobodyToTell(ClubFault):
    """There is something to tell and nobody to tell it to."""


class BadLogo(ClubFault):
    """The club's logo cannot be made into icons."""


class DatabaseFault(OrchestrationError):
    """The club's database cannot be used."""


class DatabaseUnreachable(DatabaseFault):
    """The club's database does not answer."""


class MissingTable(DatabaseFault):
    """A table or column that is needed is not in the club's database."""


class MissingPermission(DatabaseFault):
    """The database role may not do what a run has to do."""


class NotMigrated(DatabaseFault):
    """The schema m2s_orchestration is missing or out of date: run `m2s migrate`."""


class ClubChanged(OrchestrationError):
    """Rows of the club changed between the decision and its recording; nothing is recorded."""


class LeaseHeld(OrchestrationError):
    """Somebody else runs this notification now."""


class LeaseLost(OrchestrationError):
    """The lease went to somebody else while this run worked; it records and sends nothing more."""


class UnlawfulCutover(OrchestrationError):
    """The notification cannot be moved over, or back, that way."""


class NotOurs(OrchestrationError):
    """The occurrence is the web application's to send; nothing is recorded."""


class MailFault(OrchestrationError):
    """A message could not be made or handed to the mail server."""

    def __init__(
        self,
        message: str | None = None,
        *,
        stage: str = "",
        code: int | None = None,
        text: str = "",
    ) -> None:
        """`stage` is where in the conversation, `code` and `text` the server's reply if any."""
        super().__init__(message)
        self.stage = stage
        self.code = code
        self.text = text


class BadAddress(MailFault):
    """The address cannot receive mail."""


class BadMessage(MailFault):
    """The message cannot be made into a mail."""


class ServerUnavailable(MailFault):
    """The mail server could not be reached or ended the connection before the final dot."""

    @property
    def is_about_the_message(self) -> bool:
        """Whether this one message may be the cause: the server had taken its sender already."""
        return self.stage in {"recipient", "data", "body"}


class ServerRefusedUs(MailFault):
    """The mail server refuses our login or our sender address."""


class MessageDeferred(MailFault):
    """The mail server does not take the message now."""


class MessageRefused(MailFault):
    """The mail server does not take the message."""


class OutcomeUnknown(MailFault):
    """The message was handed over and the server's answer never came."""


class UnlawfulSettlement(OrchestrationError):
    """The delivery cannot be settled that way."""


class BadUpload(OrchestrationError):
    """The file cannot be kept under the name that it has."""


class StoreFault(OrchestrationError):
    """The club's media store cannot be used."""


class CommandFailed(OrchestrationError):
    """The web application's command did not do its work, whatever its exit status says."""


class IncompleteDelivery(OrchestrationError):
    """The run is over and some of its mail did not go out."""


class DemoFault(OrchestrationError):
    """The demo's own servers could not be started."""
