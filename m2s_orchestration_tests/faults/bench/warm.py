"""Done once by the process that all runs are forked from, so that none pays for it again.

Dagster imports a good part of itself only when it first makes a job or opens an instance.
"""

from importlib import import_module

import dagster as dg

from m2s_orchestration.framework.execution import job_of
from m2s_orchestration.notifications import NOTIFICATIONS

dg.build_reconstructable_job(job_of.__module__, job_of.__name__, (NOTIFICATIONS[0].package,))
with dg.DagsterInstance.ephemeral():
    pass

# What a run imports when it has its first mail.
for module in ("icalendar", "m2s_orchestration.mail.render"):
    import_module(module)
