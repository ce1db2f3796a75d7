"""A number in Mandarin as the prompts that say it: 125 is 一百二十五."""

TEN, HUNDRED = "number-ten", "number-hundred"
LARGEST = 999
"""Said of all that is larger: nobody waits behind a thousand."""


def spoken(number: int) -> tuple[str, ...]:
    """Return the names of the prompts, for 0 and above."""
    number = min(max(number, 0), LARGEST)
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    said: list[str] = []
    if hundreds:
        said += [_digit(hundreds), HUNDRED]
    if tens:
        # 十二, but 一百一十二
        said += [TEN] if tens == 1 and not hundreds else [_digit(tens), TEN]
    elif hundreds and ones:
        said.append(_digit(0))  # 一百零二
    if ones or not said:
        said.append(_digit(ones))
    return tuple(said)


def _digit(value: int) -> str:
    return f"digit-{value}"
