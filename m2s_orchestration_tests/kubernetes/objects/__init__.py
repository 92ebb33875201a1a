"""Kubernetes' objects: what the API server would refuse, and what this project asks besides."""
