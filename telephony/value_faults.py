"""What is wrong with a value, in our own words: pydantic says it in English only."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from telephony.config_values import FORMS
from telephony.errors import ConfigError
from telephony.texts import Entry, filled, forms, said
from telephony.yaml_source import YamlSource

M = TypeVar("M", bound=BaseModel)

TOLD = "told"
"""The type of an error of our own, whose text stands in the catalogue under its `key`."""
_TEXTS = {
    "missing": "value.missing",
    "extra_forbidden": "value.unknown_key",
    "string_type": "value.text",
    "string_too_short": "value.short",
    "string_too_long": "value.long",
    "greater_than_equal": "value.least",
    "less_than_equal": "value.most",
    **dict.fromkeys(("int_type", "int_parsing", "int_parsing_size", "int_from_float"), "value.whole"),
    **dict.fromkeys(("literal_error", "enum"), "value.one_of"),
    "ip_v4_address": "value.address",
    "ip_v4_network": "value.network",
    **dict.fromkeys(("tuple_type", "list_type"), "value.list"),
    "too_short": "value.few",
    "too_long": "value.many",
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type", "dataclass_type"), "value.mapping"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "value.truth"),
    "date_type": "value.date",
    **dict.fromkeys(("datetime_type", "datetime_from_date_parsing", "timezone_aware"), "value.time"),
}
_FORMS = {pattern: f"form.{name}" for name, pattern in FORMS.items()}


def validated(model: type[M], source: YamlSource) -> M:
    """Return what the file says; raise ConfigError with a line for each value that is wrong."""
    try:
        return model.model_validate(source.data)
    except ValidationError as error:
        lines = (source.problem(each["loc"], said(fault(each))) for each in error.errors())
        raise ConfigError("\n".join(lines)) from error


def fault(error: ErrorDetails) -> Entry:
    """Return in both languages what is wrong and what to do; of a rare error pydantic's own words."""
    kind, values = error["type"], error.get("ctx", {})
    if kind == "string_pattern_mismatch":
        return _of_pattern(values["pattern"])
    if kind == TOLD:
        return filled(values["key"])
    if kind in _TEXTS:
        return filled(_TEXTS[kind], **values)
    return filled("value.other", why=error["msg"])


def _of_pattern(pattern: str) -> Entry:
    if pattern in _FORMS:
        return filled("value.pattern", **forms(_FORMS[pattern]))
    return filled("value.match", pattern=pattern)
