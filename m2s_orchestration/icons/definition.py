"""The job that makes the club's icons, and the sensor that starts it when the logo has changed."""

from collections.abc import Generator
from datetime import UTC, datetime, timedelta

import dagster as dg

from m2s_orchestration.errors import BadLogo
from m2s_orchestration.framework.documentation import links, owners
from m2s_orchestration.framework.notification import Pod
from m2s_orchestration.framework.outcome import faults_told, tell_outcome
from m2s_orchestration.framework.pod import tags_of
from m2s_orchestration.icons.refresh import (
    Refreshed,
    Source,
    media_store,
    present_source,
    refresh,
    what_is_wrong,
)
from m2s_orchestration.postgres import Database
from m2s_orchestration.settings import Settings
from m2s_orchestration.uploads.store import MediaStore

NAME = "refresh_club_icons"
DEADLINE = timedelta(minutes=5)
DOCUMENT = "operations.md#the-clubs-icons"
# A logo of the most pixels that are read.
POD = Pod(memory=("256Mi", "512Mi"))
LOOKS_EVERY = timedelta(minutes=5)
PAGE = """The club's logo as icons, in its media store.

Made from the logo that the site's configuration names: `favicon.ico` with pictures of 16, 32 and 48
pixels, `pwa-icon-club.png` (192) and `pwa-icon-club-512.png`, `pwa-icon-club-maskable-512.png`, and
`apple-touch-icon.png` (180). The whole logo is in each, never squeezed. A logo that cannot be read
makes the run red and leaves the icons as they are. The sensor `club_logo` starts it.
"""


def build_job() -> dg.JobDefinition:
    """The job: one step."""

    @dg.graph(name=NAME, description=PAGE)
    def steps() -> None:
        _refresh_icons.alias("icons")()

    return steps.to_job(
        name=NAME,
        description=PAGE,
        executor_def=dg.in_process_executor,
        config=dg.ConfigMapping(
            config_schema={
                "background": dg.Field(
                    dg.Noneable(dg.String),
                    default_value=None,
                    description="What is behind the logo, such as #1b4f8a; empty: nothing, and"
                    " white where there has to be something. Not set: the same as last time.",
                )
            },
            config_fn=lambda values: {"ops": {"icons": {"config": dict(values)}}},
        ),
        tags=tags_of(NAME, deadline=DEADLINE, pod=POD),
        owners=owners("webmasters"),
        metadata=links(documentation=DOCUMENT),
    )


@dg.op(
    name=f"{NAME}__icons",
    description="Read the logo, make every icon, then write them.",
    config_schema={"background": dg.Noneable(dg.String)},
    out={"done": dg.Out(dg.Nothing)},
)
def _refresh_icons(
    context: dg.OpExecutionContext,
) -> Generator[dg.AssetMaterialization | dg.Output[None], None, None]:
    with faults_told(context):
        settings = Settings.from_environment()
        store = media_store(settings)
        source = present_source(Database(settings.database), store)
        refreshed = refresh(store, source, context.op_config["background"])
        tell_outcome(context, "done")
        metadata = _metadata(store, refreshed)
        yield dg.AssetMaterialization(asset_key=NAME, metadata=metadata)
        yield dg.Output(None, "done", metadata=metadata)


def _metadata(store: MediaStore, refreshed: Refreshed) -> dict[str, dg.MetadataValue]:
    written = "\n".join(
        f"| `{store.address(name)}` | {size:,} |" for name, size in refreshed.written.items()
    )
    removed = ", ".join(refreshed.removed) or "none"
    return {
        "logo": dg.MetadataValue.text(refreshed.source.logo or "none"),
        "written": dg.MetadataValue.md(f"| icon | bytes |\n| --- | --- |\n{written}"),
        "removed": dg.MetadataValue.text(removed),
    }


def build_asset() -> dg.AssetSpec:
    """Under which the catalog shows the icons that were made."""
    return dg.AssetSpec(
        key=NAME,
        description=PAGE,
        group_name="files",
        owners=owners("webmasters"),
        metadata=links(documentation=DOCUMENT),
    )


def build_sensor(job: dg.JobDefinition) -> dg.SensorDefinition:
    """The sensor on the club's logo: its name in the configuration, its file, and the icons."""

    @dg.sensor(
        name="club_logo",
        job=job,
        minimum_interval_seconds=int(LOOKS_EVERY.total_seconds()),
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Makes the club's icons anew when its logo has changed, or the icons have.",
        owners=owners("webmasters"),
        metadata=links(documentation=DOCUMENT),
    )
    def club_logo() -> dg.RunRequest | dg.SkipReason:
        settings = Settings.from_environment()
        store = media_store(settings)
        try:
            source = present_source(Database(settings.database), store)
        except BadLogo as fault:
            return dg.SkipReason(str(fault))
        return _request(store, source, now=datetime.now(UTC))

    return club_logo


def _request(store: MediaStore, source: Source, *, now: datetime) -> dg.RunRequest | dg.SkipReason:
    wrong = what_is_wrong(store, source)
    if not wrong:
        return dg.SkipReason("The icons are those of the club's logo.")
    # A logo that cannot be made into icons is tried again the next day, or when it has changed.
    return dg.RunRequest(run_key=f"{source.logo} {source.version} {wrong} {now:%Y-%m-%d}")
