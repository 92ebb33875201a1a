"""The bench: clubs, runs of m2s for them, the wires between, and what is left when all is over."""
