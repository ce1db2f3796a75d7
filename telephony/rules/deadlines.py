"""How long a unit has (Art. 8)."""

from datetime import datetime, timedelta

A_HOURS = 4
"""What is not answered at once is done within 4 hours, round the clock."""


def due_of_a(dispatched_at: datetime) -> datetime:
    """Return when an A matter is due: 4 clock hours from its dispatch (Art. 8)."""
    return dispatched_at + timedelta(hours=A_HOURS)
