"""What a run imports at its first mail is there before Hypothesis looks at the clock."""

from importlib import import_module

for module in ("icalendar", "m2s_orchestration.mail.render"):
    import_module(module)
