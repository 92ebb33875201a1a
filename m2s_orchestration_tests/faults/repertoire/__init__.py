"""Everything that a mail server can say or do, and what comes of it."""
