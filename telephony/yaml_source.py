"""A YAML file that remembers its lines, so that an error can name file, line and key."""

from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import ConstructorError

from telephony.errors import ConfigError
from telephony.texts import say

Loc = Sequence[str | int]


class YamlSource:
    """One parsed YAML file; `line_of` finds where a value stands."""

    def __init__(self, path: Path) -> None:
        """Read and parse `path`; raise ConfigError that names the line if that is impossible."""
        self.path = path
        try:
            loader = _Loader(path.read_text(encoding="utf-8"))
            self._root = loader.get_single_node()
            self.data = loader.construct_document(self._root) if self._root is not None else None
        except FileNotFoundError as error:
            raise ConfigError(f"{path}:1: (file): {say('file.missing')}") from error
        except OSError as error:
            raise ConfigError(f"{path}:1: (file): {say('file.unreadable', why=error.strerror)}") from error
        except UnicodeDecodeError as error:
            raise ConfigError(f"{path}:1: (file): {say('file.encoding')}") from error
        except yaml.MarkedYAMLError as error:
            text = str(error.problem) if isinstance(error, _ToldError) else _syntax(error.problem)
            raise ConfigError(f"{path}:{_line(error)}: (syntax): {visible(text)}") from error
        except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
            # A control character, an escape that is no character, brackets without end: no line is told.
            text = _syntax(str(error).partition("\n")[0])
            raise ConfigError(f"{path}:1: (syntax): {visible(text)}") from error

    def problem(self, loc: Loc, text: str) -> str:
        """Return one line: file, line, key and what is wrong."""
        key = ".".join(str(part) for part in loc) or "(file)"
        return f"{self.path}:{self.line_of(loc)}: {visible(key)}: {visible(text)}"

    def line_of(self, loc: Loc) -> int:
        """Return the 1-based line of the deepest part of `loc` that exists."""
        node = self._root
        line = node.start_mark.line + 1 if node is not None else 1
        for part in loc:
            child = _child(node, part)
            if child is None:
                return line
            key_node, node = child
            line = key_node.start_mark.line + 1
        return line


def visible(text: str) -> str:
    """Write as escapes what would break the one line of a problem, or could not be printed at all."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class _ToldError(ConstructorError):
    """What is wrong, in words that are fit to be shown."""

    def __init__(self, key: str, mark: yaml.Mark, **values: object) -> None:
        super().__init__(None, None, say(key, **values), mark)


class _Loader(yaml.SafeLoader):
    """Refuses a doubled key, of which PyYAML keeps the last in silence; names the line of each bad value."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, ArithmeticError, AttributeError, TypeError) as error:
            raise _ToldError("file.no_value", node.start_mark, why=error) from error

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if (key.tag, key.value) in seen:
                raise _ToldError("file.double_key", key.start_mark, name=key.value)
            seen.add((key.tag, key.value))
        return super().construct_mapping(node, deep)


def _child(node: yaml.Node | None, part: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((k, v) for k, v in node.value if k.value == str(part)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None


def _syntax(why: str | None) -> str:
    return say("file.syntax", why=why)


def _line(error: yaml.MarkedYAMLError) -> int:
    mark = error.problem_mark or error.context_mark
    return mark.line + 1 if mark is not None else 1
