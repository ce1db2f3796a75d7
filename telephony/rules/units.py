"""网络单位: whom an agent can bring into a call, and what holds for every unit (Art. 5, 10). Pure."""

from dataclasses import dataclass

from telephony.rules.duty import Contact

EMERGENCY_NUMBERS = ("110", "119", "120", "122")
"""What people dial in an emergency, and the short codes of the units that answer there, always."""
EMERGENCY = "emergency"


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A unit, its contacts in the order of trying; `short_code` is what an agent dials for it."""

    code: str
    short_code: str
    name: str
    level: str
    kind: str
    contacts: tuple[Contact, ...]
    district: str | None = None


def emergency_fault(unit: Unit) -> str | None:
    """Return what is wrong with a unit as regards emergencies, as a key of the catalogue, or None.

    110, 119, 120 and 122 lead to emergency units and to nobody else, and these are on duty always.
    """
    if (unit.kind == EMERGENCY) != (unit.short_code in EMERGENCY_NUMBERS):
        return "unit.emergency_code"
    if unit.kind == EMERGENCY and any(contact.duty for contact in unit.contacts):
        return "unit.emergency_duty"
    return None
