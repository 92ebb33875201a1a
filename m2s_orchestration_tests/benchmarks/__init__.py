"""The benchmarks compare what is the same, and each of them runs."""
