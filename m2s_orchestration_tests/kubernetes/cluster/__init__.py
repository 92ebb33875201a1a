"""A cluster on this machine: an API server, its Job controller, and a node of processes."""
