"""Measurements that take too long for a test; each writes its table to benchmarks/results/."""
