"""The web application's own commands, run as what they are: `python manage.py <command>`.

Its business logic stays with it. What this room adds is the schedule, the deadline, a page, and
that a command which did not do its work is not taken for one that did.
"""
