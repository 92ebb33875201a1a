"""Templates for the tests of render."""
