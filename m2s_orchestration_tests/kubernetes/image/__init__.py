"""The container image: built, started and measured with podman."""
