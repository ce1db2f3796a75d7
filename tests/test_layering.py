"""Who may import whom (the rooms of the design), and who may read a clock: enforced on the source itself."""

import ast
import sys
from functools import cache
from pathlib import Path

import pytest

import telephony

PACKAGE = Path(telephony.__file__).parent
BASE = {
    *("calendars", "clock", "config", "config_load", "config_units", "errors", "logs", "paths"),
    *("programs", "prompts", "secret_store", "spoken", "texts", "value_faults", "yaml_source"),
    *("config_checks", "config_hotline", "config_leaders", "config_returns", "config_values"),
}
FEATURES = {"floor", "callback", "threeway", "leader"}
BELOW_FEATURES = {"rules", "store", "pbx"} | BASE
DOORS = {"agi", "api"}
TOP = {"bootstrap", "building", "cli", "launcher", "running", "welcome", "__main__"}
PEERS = {"peers"}
MAY_IMPORT = {
    "rules": set(),
    "store": {"rules", "clock", "errors", "texts"},
    "pbx": {"rules", "config", "config_hotline", "paths", "secret_store", "errors", "clock", "texts"},
    "peers": {"errors"},  # `hotline demo` shows a peer's failure as any other: the one thing it shares
    **dict.fromkeys(BASE, BASE),
    **dict.fromkeys(
        ("calendars", "config", "config_checks", "config_load", "config_units", "config_values"),
        BASE | {"rules"},  # they hold a WorkCalendar and units
    ),
    **dict.fromkeys(FEATURES, BELOW_FEATURES),
    **dict.fromkeys(DOORS, BELOW_FEATURES | FEATURES),
    **dict.fromkeys(TOP, BELOW_FEATURES | FEATURES | DOORS | TOP | PEERS),
}
STANDARD_LIBRARY_ONLY = ("rules", "peers", "errors", "clock", "paths")
MAY_IMPORT_PYST2 = ("pbx", "agi/session.py")
MAY_READ_A_CLOCK = (
    "clock.py",
    "programs.py",  # its subject is real programs and what the kernel says of them: no test moves their time
    "peers",  # they play a far end in real time: media is sent every 20 ms, whatever a test's clock says
)
CLOCKS = {f"datetime.{kind}.{read}" for kind in ("datetime", "date") for read in ("now", "utcnow", "today")}
CLOCKS |= {
    f"time.{read}{unit}"
    for read in ("time", "monotonic", "perf_counter", "process_time", "thread_time", "clock_gettime")
    for unit in ("", "_ns")
}
CLOCKS |= {f"time.{read}" for read in ("localtime", "gmtime", "ctime", "asctime", "strftime")}

SOURCES = sorted(PACKAGE.rglob("*.py"))
ALL = pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))


@ALL
def test_a_room_imports_only_rooms_below_it(path):
    room = room_of(path)
    rooms = {name.split(".")[1] for name in imports(path) if name.startswith("telephony.")}
    assert rooms - {room, "__init__"} <= MAY_IMPORT.get(room, set())


@ALL
def test_only_pbx_and_the_agi_session_import_pyst2(path):
    takes_pyst2 = any(name.split(".")[0] == "asterisk" for name in imports(path))
    assert not takes_pyst2 or is_in(path, MAY_IMPORT_PYST2)


@ALL
def test_only_the_clock_reads_a_clock(path):
    assert is_in(path, MAY_READ_A_CLOCK) or clock_reads(tree_of(path)) == set()


@pytest.mark.parametrize("room", STANDARD_LIBRARY_ONLY)
def test_the_rooms_without_dependencies_import_only_the_standard_library(room):
    mine = [path for path in SOURCES if room_of(path) == room]
    foreign = {name for path in mine for name in imports(path)}
    assert {name.split(".")[0] for name in foreign} - sys.stdlib_module_names <= {"telephony"}


def test_each_room_has_a_rule():
    assert {room_of(path) for path in SOURCES} - {"__init__"} <= set(MAY_IMPORT)


@pytest.mark.parametrize("name", MAY_READ_A_CLOCK)
def test_each_exception_for_a_clock_is_still_needed(name):
    mine = [path for path in SOURCES if is_in(path, (name,))]
    assert any(clock_reads(tree_of(path)) for path in mine)


@pytest.mark.parametrize(
    "text",
    [
        "import time\ntime.monotonic()",
        "import time as t\nx = t.time",
        "from time import monotonic\nmonotonic()",
        "from datetime import datetime\ndatetime.now()",
        "import datetime as dt\ndt.date.today()",
        "from datetime import datetime as D\nfield(default_factory=D.utcnow)",
    ],
)
def test_a_clock_is_found_under_any_name(text):
    assert len(clock_reads(ast.parse(text))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "import time\ntime.sleep(1)",
        "from datetime import datetime\ndatetime.fromtimestamp(0)",
        "from datetime import time\ntime()",
        "clock.now()",
    ],
)
def test_what_reads_no_clock_is_not_taken_for_one(text):
    assert clock_reads(ast.parse(text)) == set()


@cache
def tree_of(path):
    return ast.parse(path.read_text())


def room_of(path):
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def is_in(path, names):
    inside = path.relative_to(PACKAGE).as_posix()
    return any(inside == name or inside.startswith(f"{name}/") for name in names)


def imports(path):
    """Every name that the file imports, wherever in it, as `package.module.name`."""
    package = ["telephony", *path.relative_to(PACKAGE).parent.parts]
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            start = ".".join([*above, *filter(None, [node.module])])
            yield from (f"{start}.{alias.name}" for alias in node.names)


def clock_reads(tree):
    known = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            known |= {alias.asname or alias.name: alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            known |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return {full for node in ast.walk(tree) if (full := _dotted(node, known)) in CLOCKS}


def _dotted(node, known):
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        return known.get(node.id, "")
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value, known)}.{node.attr}"
    return ""
