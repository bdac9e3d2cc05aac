"""Benchmarks: variants timed side by side in one run. None is a test."""
