"""Whether the club's mail is healthy, as numbers over time and as checks, on one page of the UI."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import dagster as dg

from m2s_orchestration.delivery.migrate import require_migrated
from m2s_orchestration.framework.documentation import links, owners
from m2s_orchestration.framework.notification import Notification
from m2s_orchestration.postgres import Connection, Database, statements, translated
from m2s_orchestration.settings import Settings

SQL = statements(__package__, "health.sql")

ASSET = "club_mail"
DOCUMENT = "operations.md#is-the-clubs-mail-healthy"
# A check of the asset of every notification.
TOLD = "everybody_told"

PAGE = """Whether the club's mail is healthy.

Every half hour the sensor `mail_health` writes the ledger's figures here; this page plots them.

- **now:** `unknown` (a person has to settle them), `waiting` (to be sent), `overdue` (too late, and
  not yet noted as such)
- **within a day:** `sent`, `refused`, `expired`, `troubles` (what the operators were told of);
  `contended`, `taken_over` and `lost` leases, `longest_held` in seconds
- **in this month:** `sent_this_month`

The checks are red when somebody has to act. What each notification found and sent, and how long it
took, is plotted on its own page.
"""


@dataclass(frozen=True)
class Health:
    """The ledger's figures at a moment."""

    unknown: int
    waiting: int
    overdue: int
    sent: int
    refused: int
    expired: int
    sent_this_month: int
    contended: int
    taken_over: int
    lost: int
    longest_held: float
    troubles: int


@dataclass(frozen=True)
class Threshold:
    """A figure that is to be nothing, and what it means when it is not."""

    figure: str
    meaning: str


THRESHOLDS = (
    Threshold("unknown", "Mail may or may not have arrived: settle it, with `settle_delivery`."),
    Threshold("overdue", "Mail waits that is too late by now: is the daemon at work?"),
    Threshold("refused", "The mail server refused mail within a day: see `list_deliveries`."),
    Threshold("troubles", "The operators were told of something within a day."),
)


def health(connection: Connection, now: datetime) -> Health:
    """The figures as they are."""
    names = ("unknown", "waiting", "overdue", "sent", "refused", "expired", "sent_this_month")
    counts = zip(names, SQL["figures"].first(connection, now=now) or (), strict=True)
    leases = ("contended", "taken_over", "lost", "longest_held")
    held = zip(leases, SQL["lease_figures"].first(connection, now=now) or (), strict=True)
    (troubles,) = SQL["troubles"].first(connection, now=now) or (0,)
    return Health(**dict(counts), **dict(held), troubles=troubles)


def untold(connection: Connection, names: Sequence[str]) -> dict[str, int]:
    """How many mails of the latest occurrence of each of these notifications are not out."""
    found = dict.fromkeys(names, 0)
    rows = SQL["untold"].run(connection, names=list(names))
    return found | {name: int(count) for name, count in rows}


def build_asset() -> dg.AssetSpec:
    """The page."""
    return dg.AssetSpec(
        ASSET,
        description=PAGE,
        kinds={"email"},
        group_name="monitoring",
        owners=owners("webmasters"),
        metadata=links(documentation=DOCUMENT),
    )


def build_checks(notifications: Sequence[Notification]) -> list[dg.AssetChecksDefinition]:
    """Each check can be asked in the UI as well as by the sensor."""
    return [
        *(_check(ASSET, f"nothing_{item.figure}", item.meaning) for item in THRESHOLDS),
        *(
            _check(item.name, TOLD, "Of its latest occurrence all mail is out.")
            for item in notifications
        ),
    ]


def _check(asset: str, name: str, meaning: str) -> dg.AssetChecksDefinition:
    @dg.asset_check(asset=asset, name=name, description=meaning)
    def ask() -> dg.AssetCheckResult:
        _, results = _asked([asset])
        found = next(
            item for item in results if (item.asset_key, item.check_name) == (_key(asset), name)
        )
        return dg.AssetCheckResult(
            passed=found.passed, severity=found.severity, metadata=found.metadata
        )

    return ask


def build_sensor(notifications: Sequence[Notification]) -> dg.SensorDefinition:
    """The sensor that writes the figures down."""

    @dg.sensor(
        name="mail_health",
        minimum_interval_seconds=1800,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Writes the ledger's figures to the page `{ASSET}`, and says for each"
        " notification whether everybody was told.",
        owners=owners("webmasters"),
        metadata=links(documentation=DOCUMENT),
    )
    def mail_health(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        del context
        figures, results = _asked([item.name for item in notifications])
        materialization = dg.AssetMaterialization(ASSET, metadata=figures)
        return dg.SensorResult(asset_events=[materialization, *results])

    return mail_health


def _asked(
    names: Sequence[str],
) -> tuple[Mapping[str, dg.MetadataValue], list[dg.AssetCheckEvaluation]]:
    """The figures, and every check."""
    with Database(Settings.from_environment().database).connect("health") as connection:
        require_migrated(connection)
        with translated():
            now = health(connection, datetime.now(UTC))
            waiting = untold(connection, names)
    figures = {
        name: dg.MetadataValue.float(value)
        if isinstance(value, float)
        else dg.MetadataValue.int(value)
        for name, value in asdict(now).items()
    }
    return figures, list(_judged(now, waiting))


def _judged(now: Health, waiting: Mapping[str, int]) -> Iterator[dg.AssetCheckEvaluation]:
    for item in THRESHOLDS:
        count = getattr(now, item.figure)
        yield _evaluation(ASSET, f"nothing_{item.figure}", count, item.meaning)
    for name, count in waiting.items():
        yield _evaluation(name, TOLD, count, "`list_deliveries` names what is not out.")


def _evaluation(asset: str, name: str, count: int, meaning: str) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=_key(asset),
        check_name=name,
        passed=not count,
        severity=dg.AssetCheckSeverity.WARN,
        description="" if not count else meaning,
        metadata={"count": dg.MetadataValue.int(count)},
    )


def _key(asset: str) -> dg.AssetKey:
    return dg.AssetKey(asset)
