"""Values of which the configuration under config/ is made: what each looks like, checked as it is read."""

from datetime import date
from ipaddress import IPv4Address
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, StringConstraints
from pydantic_core import PydanticKnownError

from telephony.rules.bands import parse_band

FORMS = {
    "name": r"^[a-z][a-z0-9-]{0,39}$",
    "digits": r"^[0-9]{3,16}$",
    "area_code": r"^0[0-9]{2,3}$",
    "dialable": r"^\+?[0-9]{3,20}$",
    "label": r"^[^\x00-\x1f;]+$",
    "endpoint": r"^[0-9.]+:[0-9]{1,5}$",
    "key": r"^[0-9]$",
    "band": r"^[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]$",
    "version": r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$",
    "short_code": r"^[0-9]{3,6}$",
    "phone": r"^\+?[0-9]{3,19}$",
}
"""What a value looks like; `form.` in the catalogue says each in words."""


def _endpoint(value: str) -> str:
    address, _, port = value.partition(":")
    try:
        IPv4Address(address)
    except ValueError as error:
        raise PydanticKnownError("string_pattern_mismatch", {"pattern": FORMS["endpoint"]}) from error
    if not 1 <= int(port) <= 65535:  # noqa: PLR2004 - what TCP and UDP have
        raise PydanticKnownError("string_pattern_mismatch", {"pattern": FORMS["endpoint"]})
    return value


Name = Annotated[str, StringConstraints(pattern=FORMS["name"])]
"""Queues, centres, prompts, reasons: they reach the switch, so letters, digits and hyphens only."""
Digits = Annotated[str, StringConstraints(pattern=FORMS["digits"])]
Dialable = Annotated[str, StringConstraints(pattern=FORMS["dialable"])]
Label = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=FORMS["label"])]
Port = Annotated[int, Field(ge=1, le=65535)]
Endpoint = Annotated[str, StringConstraints(pattern=FORMS["endpoint"]), AfterValidator(_endpoint)]
AreaCode = Annotated[str, StringConstraints(pattern=FORMS["area_code"])]
Key = Annotated[str, StringConstraints(pattern=FORMS["key"])]
Version = Annotated[str, StringConstraints(pattern=FORMS["version"])]


def _band(value: str) -> str:
    try:
        parse_band(value)
    except ValueError as error:
        raise PydanticKnownError("string_pattern_mismatch", {"pattern": FORMS["band"]}) from error
    return value


BandText = Annotated[str, StringConstraints(pattern=FORMS["band"]), AfterValidator(_band)]
Year = Annotated[int, Field(ge=2004, le=2099), Strict()]
"""Strict, or a year in quotes would take the place of the same year without them, in silence."""
Day = Annotated[date, Strict()]


class Model(BaseModel):
    """Nothing that is not named here, and nothing that changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True)
