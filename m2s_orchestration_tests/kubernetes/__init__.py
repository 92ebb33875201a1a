"""Kubernetes as far as a machine without a cluster can show it: objects, pods, images, scenarios."""
