"""Every text that is shown to a person, in one catalogue: Chinese first, English beside it."""

from functools import cache
from pathlib import Path
from typing import cast

import yaml

CATALOGUE = Path(__file__).with_suffix(".yaml")
Entry = dict[str, str]
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one in C is ten times as fast: every command waits for it."""


@cache
def catalogue() -> dict[str, Entry]:
    """Return the texts by key, each with a `zh` and an `en` form."""
    text = CATALOGUE.read_text(encoding="utf-8")
    return cast("dict[str, Entry]", yaml.load(text, Loader=_LOADER))  # noqa: S506 - both are safe loaders


def say(key: str, **values: object) -> str:
    """Return the text of `key`, such as '没有坐席 8001 · no agent 8001'; KeyError if there is none."""
    return said(filled(key, **values))


def filled(key: str, **values: object) -> Entry:
    """Return both forms of the text of `key`, each with the values in it; KeyError if there is none."""
    return {language: text.format(**values) for language, text in catalogue()[key].items()}


def said(entry: Entry) -> str:
    """Return both forms as one text: Chinese first, English beside it."""
    return f"{entry['zh']} · {entry['en']}"


def forms(key: str) -> Entry:
    """Return a word's `zh` and `en`, to be filled into a text; an unknown one as it is."""
    plain = key.rpartition(".")[2]
    return catalogue().get(key, {"zh": plain, "en": plain})


def word(key: str) -> str:
    """Return a single word of the catalogue without the dot: '坐席 agent'; an unknown one as it is."""
    entry = catalogue().get(key)
    return f"{entry['zh']} {entry['en']}" if entry else key.rpartition(".")[2]
