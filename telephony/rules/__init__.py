"""Pure decisions: standard library only, no I/O, no clock; every function takes data and returns data."""
