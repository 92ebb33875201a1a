"""The fault laboratory: every fault on purpose, and what became of each mail, counted."""
