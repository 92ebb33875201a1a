"""Dagster's Helm chart: its keys, our values, and what Helm makes of both."""
