"""Revisits on a virtual clock: the real planner, dialer, verdicts and store against a scripted far end."""
