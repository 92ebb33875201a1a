"""The club as its own database describes it: settings, members, dates, names, links."""
