"""A database that fails, refuses, waits, or goes away."""
