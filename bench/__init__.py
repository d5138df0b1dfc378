"""Benchmarks: each module prints its figures; none asserts a time. `python -m bench` runs all."""
