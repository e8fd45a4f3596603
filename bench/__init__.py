"""Benchmarks: each a ratio against its yardstick in the same run."""
