"""The fault laboratory: every fault on purpose, and what holds after it."""
