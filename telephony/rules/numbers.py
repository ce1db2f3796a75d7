"""One form for a Chinese telephone number, however a carrier writes it.

Carriers put +86, 0086 or 86 before a number, a 0 before a mobile number, or leave the area code out.
Facts about a caller (blacklist, open cases, earlier calls) are found by the one form only.
"""

import re

_NUMBER = re.compile(r"\+?[0-9]{3,20}")
_MOBILE = re.compile(r"0?(1[3-9][0-9]{9})")
_LOCAL = re.compile(r"[2-8][0-9]{6,7}")
_SUBSCRIBER = re.compile(r"1[3-9][0-9]{9}|0(?:10|2[0-9])[2-8][0-9]{7}|0[3-9][0-9]{2}[2-8][0-9]{6,7}")
_COUNTRY = ("+86", "0086")
_SHORTEST_WITH_COUNTRY = 12
"""Digits from which on a leading 86 is the country: 86 and an area code and a number, or 86 and a mobile."""


def national(text: str, area_code: str) -> str | None:
    """Return the number as dialled within China, area code included; None if the text is no number.

    A mobile number is its 11 digits; a fixed one begins with 0 and its area code; short numbers
    (12345, 95588) and foreign ones (+1…) stay as they are. `area_code` is the city's, such as "0375".
    """
    if not _NUMBER.fullmatch(text):
        return None
    number = _without_country(text)
    mobile = _MOBILE.fullmatch(number)
    if mobile:
        return mobile[1]
    return f"{area_code}{number}" if _LOCAL.fullmatch(number) else number


def is_subscriber(number: str) -> bool:
    """Tell whether a number in the one form is a mobile or a fixed one in mainland China.

    By the numbering plan: 11 digits that begin with 13 to 19; or 0, an area code and 7 or 8 digits (8 where
    the area code has two) that begin with 2 to 8. Short and service numbers (110, 12345, 95588, 400…) and
    numbers abroad are none.
    """
    return _SUBSCRIBER.fullmatch(number) is not None


def _without_country(text: str) -> str:
    for prefix in _COUNTRY:
        if text.startswith(prefix):
            return _with_trunk_zero(text.removeprefix(prefix))
    if text.startswith("86") and len(text) >= _SHORTEST_WITH_COUNTRY:
        return _with_trunk_zero(text.removeprefix("86"))
    return text


def _with_trunk_zero(number: str) -> str:
    # +86 375 … is 0375 … at home; a mobile number, a short one or one that kept its 0 needs none.
    fixed = re.fullmatch(r"(10|2[0-9]|[3-9][0-9]{2})[2-8][0-9]{6,7}", number)
    return f"0{number}" if fixed and not _MOBILE.fullmatch(number) else number
