"""Of a test: the point of a commit order at which the service kills itself, as a crash would."""

import os
import signal
from collections.abc import Callable
from functools import partial

from telephony.callback.campaign import nothing

DIE_AT = "HOTLINE_DIE_AT"
"""The environment's word for the point; read only in test mode."""


def death_point(mode: str) -> Callable[[str], None]:
    """Return what is called at each point of a commit order: it ends the service where a test wants it to."""
    point = os.environ.get(DIE_AT, "") if mode == "test" else ""
    return partial(_die_if, point) if point else nothing


def _die_if(wanted: str, point: str) -> None:
    if point == wanted:
        os.kill(os.getpid(), signal.SIGKILL)
