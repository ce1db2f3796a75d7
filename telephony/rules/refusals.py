"""The five kinds of matter that are not accepted (Art. 4). Pure."""

from enum import StrEnum


class Refusal(StrEnum):
    """Why a matter is not accepted, in the order of Art. 4; the dialplan knows a kind by its place there."""

    LEGAL_REMEDY = "legal_remedy"
    """(一) for lawsuit, arbitration, administrative reconsideration or another legal way"""
    OTHER_AUTHORITY = "other_authority"
    """(二) belongs to people's congresses, courts, procuratorates or the army"""
    PETITION = "petition"
    """(三) a petition that has been accepted or ended"""
    INTERNAL = "internal"
    """(四) internal administration and exchange of documents"""
    NOT_SPECIFIC = "not_specific"
    """(五) not specific: it can really not be dealt with or answered"""


def place_of(kind: Refusal) -> int:
    """Return the kind's place in Art. 4, from 1 to 5: its prompt is `refusal-N`."""
    return list(Refusal).index(kind) + 1


def outcome_of(*, begun: bool, said: bool) -> str:
    """Return what became of a refusal when its call ended: `said` to the end, `cut_short`, `not_said`."""
    if said:
        return "said"
    return "cut_short" if begun else "not_said"
