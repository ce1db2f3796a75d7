"""What returns.yaml may say: when citizens whose call was lost are called back, and how."""

from typing import Literal

from pydantic import Field

from telephony.config_values import BandText, Model


class Hours(Model):
    """In which parts of a day citizens are called back (Shanghai's time)."""

    working_days: tuple[BandText, ...]
    other_days: tuple[BandText, ...]


class ReturnsFile(Model):
    """returns.yaml; `automatic` false leaves all of it to people."""

    automatic: bool
    order: Literal["agent_first", "citizen_first"]
    hours: Hours
    attempts: int = Field(ge=1, le=10)
    spacing_minutes: float = Field(gt=0, le=1440)
    ring_seconds: int = Field(ge=1, le=120)
    agent_ring_seconds: int = Field(ge=1, le=60)
    priority: int = Field(ge=0, le=100)
    give_up_hours: float = Field(gt=0, le=720)
    line_share: float = Field(ge=0, le=1)
    storm_line_share: float = Field(ge=0, le=1)
    flood_alarm: int = Field(ge=1, le=100000)
