"""What units.yaml and an import of units may say: both are read by the same model."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError, PydanticKnownError

from telephony.config_values import FORMS, Label, Model, Name
from telephony.rules.duty import Contact, parse_window
from telephony.rules.units import Unit, emergency_fault
from telephony.value_faults import TOLD

MOST_CONTACTS, MOST_WINDOWS = 20, 20


def _window(value: str) -> str:
    try:
        return parse_window(value).text
    except ValueError as error:
        raise PydanticCustomError(TOLD, "{key}", {"key": "unit.window"}) from error


ShortCode = Annotated[str, StringConstraints(pattern=FORMS["short_code"])]
Phone = Annotated[str, StringConstraints(pattern=FORMS["phone"])]
Label40 = Annotated[Label, StringConstraints(max_length=40)]
WindowText = Annotated[str, StringConstraints(max_length=100), AfterValidator(_window)]


class UnitContact(Model):
    """A number of a unit; without duty hours it is staffed always."""

    name: Label40
    number: Phone
    duty: tuple[WindowText, ...] = Field(default=(), max_length=MOST_WINDOWS)


def _some(contacts: tuple[UnitContact, ...]) -> tuple[UnitContact, ...]:
    # Not `min_length`: that counts those that are right, and would call one wrong contact none as well.
    if not contacts:
        raise PydanticKnownError("too_short", {"field_type": "Tuple", "min_length": 1, "actual_length": 0})
    return contacts


class UnitEntry(Model):
    """A unit that an agent can bring into a call; its contacts are tried in their order."""

    code: Name
    short_code: ShortCode
    name: Label
    level: Literal["city", "county", "township", "village"]
    district: Label40 | None = None
    kind: Literal["unit", "emergency"] = "unit"
    contacts: Annotated[tuple[UnitContact, ...], Field(max_length=MOST_CONTACTS), AfterValidator(_some)]

    @model_validator(mode="after")
    def _emergencies_answer_where_people_dial(self) -> "UnitEntry":
        if key := emergency_fault(self.unit()):
            raise PydanticCustomError(TOLD, "{key}", {"key": key})
        return self

    def unit(self) -> Unit:
        """Return it as the rules and the store know it."""
        facts = {name: getattr(self, name) for name in ("code", "short_code", "name", "level", "district")}
        return Unit(**facts, kind=self.kind, contacts=tuple(map(_contact, self.contacts)))


class UnitsFile(Model):
    """units.yaml."""

    units: tuple[UnitEntry, ...] = Field(min_length=1)


def _contact(told: UnitContact) -> Contact:
    return Contact(told.name, told.number, tuple(map(parse_window, told.duty)))
