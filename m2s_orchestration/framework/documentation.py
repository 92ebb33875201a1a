"""What stands beside everything in the UI: who answers for it, and where to read more."""

import warnings

import dagster as dg

from m2s_orchestration.errors import BadSettings
from m2s_orchestration.framework.notification import Notification
from m2s_orchestration.settings import documents_url

# Dagster is pinned, and a parameter that it calls beta is no news to who starts a command.
warnings.filterwarnings("ignore", message="Parameter `owners`", category=dg.BetaWarning)

CATALOGUE = "notifications.md"
OPERATIONS = "operations.md"


def links(**documents: str) -> dict[str, dg.MetadataValue]:
    """A link for each name, to a file of docs/, with or without a heading of it.

    Where nobody said where the documents are published, the name of the file stands there.
    """
    return {name: _link(document) for name, document in documents.items()}


def links_of(notification: Notification) -> dict[str, dg.MetadataValue]:
    """The notification's own page, and what to do when something is not as it should be."""
    return links(documentation=f"{CATALOGUE}#{notification.name}", troubleshooting=OPERATIONS)


def owners(office: str) -> list[str]:
    """The office of the club that answers for it, as Dagster names a team."""
    return [f"team:{office}"]


def _link(document: str) -> dg.MetadataValue:
    try:
        base = documents_url()
    except BadSettings as fault:
        # A link is not worth the club's mail: what is wrong with it is told where it would be.
        return dg.MetadataValue.text(f"docs/{document} ({str(fault).splitlines()[-1].strip(' -')})")
    if not base:
        return dg.MetadataValue.text(f"docs/{document}")
    return dg.MetadataValue.url(f"{base.rstrip('/')}/{document}")
