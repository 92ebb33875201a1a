"""One page with every mail of a run as its reader sees it, for the club's media store."""

from __future__ import annotations

from importlib import resources

from m2s_orchestration.club.club import Club
from m2s_orchestration.framework.decision import Artifact
from m2s_orchestration.framework.notification import Notification
from m2s_orchestration.framework.occurrence import Occurrence
from m2s_orchestration.framework.planning import Rendering
from m2s_orchestration.mail.addresses import mask

# More than this nobody looks through; `m2s preview` shows every one.
SHOWN = 100


def mails_page(
    notification: Notification, occurrence: Occurrence, club: Club, rendering: Rendering
) -> Artifact:
    """The page, in one file that loads nothing from elsewhere."""
    # A run without mail makes no page, and needs none of this.
    import jinja2

    source = resources.files(__package__).joinpath("mails_page.html").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters["masked"] = mask
    page = environment.from_string(source).render(
        notification=notification,
        occurrence=occurrence,
        club=club,
        messages=rendering.messages[:SHOWN],
        count=len(rendering.messages),
    )
    name = f"mails-{occurrence.key.replace(':', '')}.html"
    return Artifact(name=name, content=page.encode(), media_type="text/html; charset=utf-8")
