"""One thing that a mail server can do to a run: at which stage, to whom, for how long."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from m2s_orchestration_tests.smtp_script import Act, Stage
from m2s_orchestration_tests.smtp_server import SmtpServer

# Who is mailed by the run, in the order of the ledger; the fault of one is always the first one's.
PEOPLE = (
    "donna.whitfield@members.highmeadowsoaring.example",
    "jessica.trent@members.highmeadowsoaring.example",
    "roland.beck@members.highmeadowsoaring.example",
)
VICTIM = PEOPLE[0]
LOGIN = ("m2s", "secret")

# How long a run waits where it meets silence; the others have the usual time.
PATIENCE = 4  # seconds


@dataclass(frozen=True)
class Rule:
    """What the server does at a stage; as for `SmtpServer.on`, for all or for one recipient."""

    stage: Stage
    act: Act
    to_one: bool = False
    after: int = 0
    beside: int = 0
    times: int | None = None


def as_it_is(_: SmtpServer) -> None:
    """Nothing is wrong with what the server offers."""


@dataclass(frozen=True)
class Case:
    """What a server does while it is ill.

    `part` and `told` name it. `is_silent` says that somebody waits in vain there, `may_be_out` that
    the final dot may go out without an answer, so that a doubt is lawful, `takes_all` that the
    server would take all the mail from somebody who knows how it is to be had. `ill` spoils what
    the server offers; `environment` is that of the first run only.
    """

    part: str
    told: str
    rules: tuple[Rule, ...] = ()
    is_silent: bool = False
    may_be_out: bool = False
    takes_all: bool = False
    ill: Callable[[SmtpServer], None] = as_it_is
    encrypted: bool = False
    with_login: bool = False
    nobody_listens: bool = False
    address_in_unicode: bool = False
    connections: int | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """How it is told apart."""
        return f"{self.part}: {self.told}"

    @property
    def takes_long(self) -> bool:
        """Whether most of its time is spent waiting."""
        return self.is_silent or any(rule.act.seconds for rule in self.rules)

    @property
    def one_is_the_cause(self) -> bool:
        """Whether it happens for the sake of one recipient, so that the others are to be served."""
        return self.address_in_unicode or any(rule.to_one for rule in self.rules)


def settings_of(case: Case) -> dict[str, str]:
    """What the environment says of a server of this kind."""
    settings: dict[str, str] = {}
    if case.encrypted:
        settings |= {"EMAIL_USE_TLS": "true"}
    if case.with_login:
        settings |= dict(zip(("EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD"), LOGIN, strict=True))
    if case.is_silent:
        settings |= {"EMAIL_TIMEOUT": str(PATIENCE)}
    return settings
