"""A door: the HTTP API under /api/v1 on loopback."""
