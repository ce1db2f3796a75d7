"""A number in Mandarin as the prompts that say it: 125 is 一百二十五."""

TEN, HUNDRED = "number-ten", "number-hundred"
TWO_OF = "number-two"
"""两, which counts things and hundreds; 二 stands in a place, a figure, and before 十."""
LARGEST = 999
"""Said of all that is larger: nobody waits behind a thousand."""


def spoken(number: int, *, counts: bool = False) -> tuple[str, ...]:
    """Return the names of the prompts, for 0 and above; `counts` for 两分钟, but 第二位."""
    number = min(max(number, 0), LARGEST)
    if counts and number == 2:  # noqa: PLR2004 - the one number that counts by a word of its own
        return (TWO_OF,)
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    said: list[str] = []
    if hundreds:
        said += [TWO_OF if hundreds == 2 else _digit(hundreds), HUNDRED]  # noqa: PLR2004 - 两百
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
