"""A YAML file that remembers its lines, so that an error can name file, line and key."""

from collections.abc import Sequence
from pathlib import Path

import yaml

from telephony.errors import ConfigError

Loc = Sequence[str | int]


class YamlSource:
    """One parsed YAML file; `line_of` finds where a value stands."""

    def __init__(self, path: Path) -> None:
        """Read and parse `path`; raise ConfigError that names the line if that is impossible."""
        self.path = path
        try:
            text = path.read_text(encoding="utf-8")
            self._root = yaml.compose(text, Loader=yaml.SafeLoader)
            self.data = yaml.safe_load(text)
        except FileNotFoundError as error:
            raise ConfigError(f"{path}:1: (file): not found; restore it from the project") from error
        except UnicodeDecodeError as error:
            raise ConfigError(f"{path}:1: (file): is not UTF-8 text; save it as UTF-8") from error
        except yaml.MarkedYAMLError as error:
            raise ConfigError(f"{path}:{_line(error)}: (syntax): {error.problem}; mend the YAML") from error

    def problem(self, loc: Loc, text: str) -> str:
        """Return one line: file, line, key and what is wrong."""
        key = ".".join(str(part) for part in loc) or "(file)"
        return f"{self.path}:{self.line_of(loc)}: {key}: {text}"

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


def _child(node: yaml.Node | None, part: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((k, v) for k, v in node.value if k.value == str(part)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None


def _line(error: yaml.MarkedYAMLError) -> int:
    mark = error.problem_mark or error.context_mark
    return mark.line + 1 if mark is not None else 1
