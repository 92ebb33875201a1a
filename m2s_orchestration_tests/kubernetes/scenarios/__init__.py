"""What may happen to a run on a cluster, tried in an installation of Dagster."""
