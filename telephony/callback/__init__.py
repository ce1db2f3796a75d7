"""Outbound calls: one engine, and campaigns that say whom to call, when, and what follows."""
