"""Every text that is shown to a person, in one catalogue: Chinese first, English beside it."""

from functools import cache
from pathlib import Path
from typing import cast

import yaml

CATALOGUE = Path(__file__).with_suffix(".yaml")
Entry = dict[str, str]


@cache
def catalogue() -> dict[str, Entry]:
    """Return the texts by key, each with a `zh` and an `en` form."""
    return cast("dict[str, Entry]", yaml.safe_load(CATALOGUE.read_text(encoding="utf-8")))


def say(key: str, **values: object) -> str:
    """Return the text of `key`, such as '没有坐席 8001 · no agent 8001'; KeyError if there is none."""
    entry = catalogue()[key]
    return f"{entry['zh'].format(**values)} · {entry['en'].format(**values)}"


def forms(key: str) -> Entry:
    """Return a word's `zh` and `en`, to be filled into a text; an unknown one as it is."""
    plain = key.rpartition(".")[2]
    return catalogue().get(key, {"zh": plain, "en": plain})


def word(key: str) -> str:
    """Return a single word of the catalogue without the dot: '坐席 agent'; an unknown one as it is."""
    entry = catalogue().get(key)
    return f"{entry['zh']} {entry['en']}" if entry else key.rpartition(".")[2]
