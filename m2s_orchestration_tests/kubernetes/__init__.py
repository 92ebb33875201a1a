"""Kubernetes without a cluster: the objects, the pods, the image, and what happens to runs."""
