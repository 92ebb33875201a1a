"""A soaring club's scheduled mail, run by Dagster and sent exactly once."""
