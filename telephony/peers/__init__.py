"""Simulated telephones: what the demo, the tests and the benchmarks call with and are called by."""
