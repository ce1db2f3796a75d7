"""The catalogue of texts."""

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

from telephony import texts

PACKAGE = Path(texts.__file__).parent


def test_a_text_is_chinese_first_with_english_beside_it():
    assert texts.say("agent.unknown", number="8001") == "没有坐席 8001 · no agent 8001"


def test_an_unknown_key_is_an_error_and_not_an_empty_text():
    with pytest.raises(KeyError):
        texts.say("no.such.text")


def test_an_unknown_word_is_shown_as_it_is():
    assert texts.word("state.strange") == "strange"


@pytest.mark.parametrize("key", texts.catalogue())
def test_each_text_has_both_languages_with_the_same_names_to_fill_in(key):
    entry = texts.catalogue()[key]
    assert set(entry) == {"zh", "en"}
    assert _names(entry["zh"]) - {"zh"} == _names(entry["en"]) - {"en"}
    assert re.search("[\u4e00-\u9fff]", entry["zh"])


def test_each_text_that_the_code_asks_for_is_there():
    missing = {key for path in PACKAGE.rglob("*.py") for key in _asked_for(path)} - set(texts.catalogue())
    assert missing == set()


def test_each_text_that_is_there_is_asked_for():
    source = "".join(path.read_text() for path in PACKAGE.rglob("*.py"))
    prefixes = tuple(re.findall(r"""["']([a-z_]+\.)["'{]""", source))
    quoted = set(re.findall(r"""["']([a-z_.]+)["']""", source))
    idle = {key for key in texts.catalogue() if key not in quoted and not key.startswith(prefixes)}
    assert idle == set()


def _names(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def _asked_for(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("say", "word"):
            (first, *_) = node.args
            if isinstance(first, ast.Constant):
                yield first.value
