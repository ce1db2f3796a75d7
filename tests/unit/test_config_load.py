"""config/ is read as a whole: every fault is one line with file, line and key."""

import shutil
import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.config import Config
from telephony.config_load import load
from telephony.errors import ConfigError
from telephony.paths import PROJECT
from telephony.texts import say

FILES = ("hotline", "centres", "numbers", "queues", "agents", "prompts", "units")


class Folder:
    """A copy of config/ that a test spoils."""

    def __init__(self, path):
        self.path = path
        shutil.copytree(PROJECT / "config", path)

    def change(self, name, old, new):
        """Replace the first `old` and return the number of its line."""
        file = self.path / f"{name}.yaml"
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), encoding="utf-8")
        return text.partition(old)[0].count("\n") + 1

    def append(self, name, row):
        """Add a row at the end and return the number of its line."""
        file = self.path / f"{name}.yaml"
        text = file.read_text(encoding="utf-8")
        file.write_text(f"{text}  - {row}\n", encoding="utf-8")
        return text.count("\n") + 1

    def at(self, name, line, key):
        return f"{self.path}/{name}.yaml:{line}: {key}: "

    def problems(self):
        with pytest.raises(ConfigError) as raised:
            load(self.path)
        return str(raised.value).splitlines()


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "config")


def test_the_projects_own_configuration_loads():
    assert "12345" in load(PROJECT / "config").numbers


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(folder, name):
    (folder.path / f"{name}.yaml").unlink()
    (problem,) = folder.problems()
    assert problem.startswith(folder.at(name, 1, "(file)"))
    assert problem.endswith(" · not found; restore it from the project")


def test_a_folder_in_place_of_a_file_is_named(folder):
    (folder.path / "agents.yaml").unlink()
    (folder.path / "agents.yaml").mkdir()
    (problem,) = folder.problems()
    assert problem.startswith(folder.at("agents", 1, "(file)"))
    assert "cannot be read; mend that" in problem


def test_a_file_that_is_not_utf_8_is_named(folder):
    (folder.path / "queues.yaml").write_bytes("queues: 综合".encode("gb18030"))
    assert folder.problems() == [folder.at("queues", 1, "(file)") + say("file.encoding")]


@pytest.mark.parametrize(
    ("name", "text"),
    [*((name, "") for name in FILES), ("agents", "# nothing"), ("agents", "- a"), ("agents", "5")],
)
def test_a_file_that_is_no_mapping_is_one_problem(folder, name, text):
    (folder.path / f"{name}.yaml").write_text(text)
    (problem,) = folder.problems()
    assert f"{name}.yaml:" in problem
    assert ": (file): " in problem


def test_a_list_where_a_mapping_is_wanted_is_named(folder):
    line = folder.change("hotline", "agi: {address: 127.0.0.1, port: 4573}", "agi: [127.0.0.1, 4573]")
    (problem,) = folder.problems()
    assert problem.startswith(folder.at("hotline", line, "agi"))


def test_broken_yaml_names_its_line(folder):
    line = folder.change("queues", "- {name: demo, centre: city, label: 演示}", "- {name: demo]")
    (problem,) = folder.problems()
    assert problem.startswith(folder.at("queues", line, "(syntax)"))


@pytest.mark.parametrize(
    "value",
    [
        *(
            "2026-13-45",
            "0b_",
            "!!int ''",
            "!!bool maybe",
            "!!timestamp soon",
            "!!python/name:os.system",
        ),
        *("'\x00'", '"\\UFFFFFFFF"', "[" * 1000, "*nothing", "{<<: 1}", "? [a]", "9" * 5000),
    ],
)
def test_a_value_that_yaml_cannot_make_is_one_line_and_no_traceback(folder, value):
    folder.change("hotline", "database: sqlite", f"database: {value}")
    assert len(folder.problems()) == 1


def test_a_value_that_yaml_cannot_make_names_its_line(folder):
    line = folder.change("hotline", "database: sqlite", "database: 2026-13-45")
    (problem,) = folder.problems()
    assert problem.startswith(folder.at("hotline", line, "(syntax)"))


def test_a_key_that_stands_twice_names_the_second(folder):
    line = folder.change("hotline", "default_queue: city-12345", "version: 1\ndefault_queue: city-12345")
    wanted = say("file.double_key", name="version")
    assert folder.problems() == [folder.at("hotline", line, "(syntax)") + wanted]


def test_a_skill_that_stands_twice_is_refused(folder):
    line = folder.change("agents", "skills: {demo: 0}", "skills: {demo: 0, 'demo': 1}")
    (problem,) = folder.problems()
    assert problem.startswith(folder.at("agents", line, "(syntax)"))
    assert "demo stands twice" in problem


def test_a_key_may_stand_again_in_another_place_and_over_a_merged_one(folder):
    folder.change("agents", '- {number: "8999"', '- {<<: &common {centre: baofeng}, number: "8999"')
    assert load(folder.path).agents["8999"].centre == "city"


def test_an_unknown_key_is_refused(folder):
    line = folder.change("hotline", "  ring_seconds: 20", "  rings_seconds: 20")
    assert folder.at("hotline", line, "agents.rings_seconds") + say("value.unknown_key") in folder.problems()


def test_an_unknown_key_that_would_break_the_line_is_shown_with_escapes(folder):
    folder.change("hotline", "version: 1", 'version: 1\n"a\\nb\\u2028": 1')
    (problem,) = folder.problems()
    assert "a\\nb\\u2028: " in problem


def test_a_wrong_type_names_its_line(folder):
    line = folder.change("hotline", "  ring_seconds: 20", "  ring_seconds: long")
    (problem,) = folder.problems()
    assert problem.startswith(folder.at("hotline", line, "agents.ring_seconds"))


def test_a_pause_reason_is_a_name_or_a_name_with_the_minutes_it_may_last(folder):
    reasons = load(folder.path).hotline.agents.pause_reasons
    assert [(each.name, each.minutes) for each in reasons[:3]] == [
        ("rest", 20),
        ("meal", 60),
        ("training", None),
    ]


@pytest.mark.parametrize("minutes", ["0", "-1", "1441", "long"])
def test_minutes_that_no_pause_can_last_are_refused(folder, minutes):
    line = folder.change("hotline", "minutes: 20", f"minutes: {minutes}")
    (problem,) = folder.problems()
    assert problem.startswith(folder.at("hotline", line, "agents.pause_reasons.0.minutes"))


def test_a_pause_reason_with_a_space_in_it_names_its_line(folder):
    line = folder.change("hotline", "    - training", "    - a break")
    (problem,) = folder.problems()
    assert problem.startswith(folder.at("hotline", line, "agents.pause_reasons.2.name"))


def test_an_unknown_role_of_an_agent_is_refused(folder):
    line = folder.change("agents", "role: supervisor", "role: boss")
    (problem,) = folder.problems()
    assert problem.startswith(folder.at("agents", line, "agents.7.role"))


def test_a_number_without_quotes_is_refused_for_its_zeros_would_be_lost(folder):
    line = folder.append("agents", "{number: 8500, name: 赵敏, centre: city, skills: {demo: 0}}")
    (problem,) = folder.problems()
    assert problem.startswith(folder.at("agents", line, "agents.20.number"))


@pytest.mark.parametrize(
    ("name", "old", "new", "key"),
    [
        ("hotline", "default_queue: city-12345", "default_queue: nowhere", "default_queue"),
        ("hotline", "queue: demo, agent", "queue: nowhere, agent", "demo.queue"),
        ("hotline", 'agent: "8999"', 'agent: "nowhere"', "demo.agent"),
        ("hotline", 'number: "12345", queue', 'number: "99999", queue', "demo.number"),
        ("hotline", '"8998", helper', '"nowhere", helper', "demo.line.agent"),
        ("hotline", 'helper: "8997"', 'helper: "nowhere"', "demo.line.helper"),
        ("hotline", 'line: {number: "10000012347"', 'line: {number: "99999"', "demo.line.number"),
        ("hotline", "queue: demo-line", "queue: city-12345", "demo.line.queue"),
        ("hotline", "busy_queue: demo-busy", "busy_queue: demo-help", "demo.line.busy_queue"),
        ("hotline", "seat: demo-hall", "seat: nowhere", "demo.leader.seat"),
        ("hotline", "seat: demo-hall", "seat: city-hall", "demo.leader.seat"),
        ("hotline", "leader: demo-leader", "leader: nobody", "demo.leader.leader"),
        ("hotline", 'screener: "8995"', 'screener: "8994"', "demo.leader.screener"),
        ("hotline", 'unit_number: "10000012346"', 'unit_number: "10000012345"', "demo.unit_number"),
        ("hotline", "notice: recording-notice", "notice: nowhere", "recording.notice"),
        ("numbers", "queue: city-12315", "queue: nowhere", "numbers.1.queue"),
        ("numbers", "greeting: greeting-12315", "greeting: nowhere", "numbers.1.greeting"),
        ("numbers", '"2": {queue: city-enterprise', '"2": {queue: nowhere', "numbers.0.keys.2.queue"),
        ("numbers", "menu: menu-12345", "menu: nowhere", "numbers.0.menu"),
        ("numbers", "centre: baofeng", "centre: nowhere", "numbers.5.centre"),
        ("queues", "name: demo, centre: city", "name: demo, centre: nowhere", "queues.8.centre"),
        ("queues", "[returns]", "[nowhere]", "queues.0.overflow.1.to"),
        ("agents", "skills: {demo: 0}", "skills: {nowhere: 0}", "agents.6.skills.nowhere"),
        ("agents", "centre: jiaxian", "centre: nowhere", "agents.5.centre"),
    ],
)
def test_what_is_named_must_be_defined(folder, name, old, new, key):
    line = folder.change(name, old, new)
    assert any(problem.startswith(folder.at(name, line, key)) for problem in folder.problems())


def test_the_demos_busy_queue_must_end_in_returns(folder):
    line = folder.change("hotline", "busy_queue: demo-busy", "busy_queue: demo-line")
    (problem,) = folder.problems()
    assert problem.startswith(folder.at("hotline", line, "demo.line.busy_queue"))


DEMO_AGENT = "{number: '8999', name: 赵敏, centre: city, skills: {demo: 0}}"
NUMBER = (
    "{{number: '{}', name: 新, centre: city, queue: demo, priority: 0, greeting: apology, aliases: [{}]}}"
)


@pytest.mark.parametrize(
    ("name", "row", "key"),
    [
        ("centres", "{code: jiaxian, name: 郏县, level: county}", "centres.3.code"),
        ("queues", "{name: demo, centre: city, label: 演示}", "queues.20.name"),
        ("agents", DEMO_AGENT, "agents.20.number"),
        ("numbers", NUMBER.format("12348", ""), "numbers.12.number"),
        ("numbers", NUMBER.format("037512345", ""), "numbers.12.number"),
        ("numbers", NUMBER.format("12366", "'12348'"), "numbers.12.aliases.0"),
        ("numbers", NUMBER.format("12366", "'+8637512345'"), "numbers.12.aliases.0"),
        ("numbers", NUMBER.format("12366", "'12366'"), "numbers.12.aliases.0"),
        ("numbers", NUMBER.format("12366", "'0123', '0123'"), "numbers.12.aliases.1"),
    ],
)
def test_what_stands_twice_is_refused_in_both_places(folder, name, row, key):
    line = folder.append(name, row)
    problems = folder.problems()
    assert len(problems) == 2
    assert problems[1].startswith(folder.at(name, line, key))


def test_a_line_is_right_below_a_row_that_stands_twice(folder):
    folder.append("agents", DEMO_AGENT)
    line = folder.append("agents", "{number: '8500', name: 赵敏, centre: nowhere, skills: {demo: 0}}")
    assert folder.problems()[-1].startswith(folder.at("agents", line, "agents.21.centre"))


@pytest.mark.parametrize("new", ["", "menu: menu-12345\n    keys: {}"])
def test_a_menu_and_its_keys_come_together(folder, new):
    text = (folder.path / "numbers.yaml").read_text()
    start, end = text.index("menu: menu-12345"), text.index('  - {number: "12315"')
    folder.change("numbers", text[start:end], f"{new}\n")
    assert bool(new) == any("a menu needs keys" in problem for problem in problems_or_none(folder))


def problems_or_none(folder):
    try:
        load(folder.path)
    except ConfigError as error:
        return str(error).splitlines()
    return []


@pytest.mark.parametrize(
    ("low", "high", "good"), [(10000, 10001, True), (10000, 10000, False), (9, 8, False)]
)
def test_the_first_rtp_port_is_below_the_second(folder, low, high, good):
    line = folder.change("hotline", "rtp_ports: [10000, 19999]", f"rtp_ports: [{low}, {high}]")
    wanted = folder.at("hotline", line, "sip.rtp_ports") + say("config.rtp_ports")
    assert problems_or_none(folder) == ([] if good else [wanted])


@pytest.mark.parametrize(
    ("contact", "good"),
    [
        ("127.0.0.2:1", True),
        ("127.0.0.2:65535", True),
        ("127.0.0.2:0", False),
        ("127.0.0.2:65536", False),
        ("255.255.255.255:1", True),
        ("256.0.0.1:1", False),
        ("1.2.3:1", False),
    ],
)
def test_a_trunks_contact_is_an_address_and_a_port(folder, contact, good):
    folder.change("hotline", "contact: 127.0.0.2:5080", f"contact: {contact}")
    assert (problems_or_none(folder) == []) == good


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("match: [127.0.0.2]", "match: []", "trunks.0.match"),
        ("codecs: [alaw, ulaw]", "codecs: []", "sip.codecs"),
    ],
)
def test_a_trunk_without_addresses_and_a_switch_without_codecs_are_refused(folder, old, new, key):
    line = folder.change("hotline", old, new)
    (problem,) = folder.problems()
    assert problem.startswith(folder.at("hotline", line, key))


@pytest.mark.parametrize("trunk", ["udp", "tcp", "global", "agent", "citizen", "one-phone", "carrier-from"])
def test_a_trunk_may_not_take_the_name_of_a_section_of_ours(folder, trunk):
    line = folder.change("hotline", "name: carrier", f"name: {trunk}")
    folder.change("threeway", "trunk: carrier", f"trunk: {trunk}")
    wanted = say("config.our_name", name=trunk)
    assert folder.problems() == [folder.at("hotline", line, "trunks.0.name") + wanted]


@pytest.mark.parametrize("queue", ["general", "agent-8001"])
def test_a_queue_may_not_take_the_name_of_a_section_of_ours(folder, queue):
    line = folder.append("queues", f"{{name: {queue}, centre: city, label: 综合}}")
    wanted = say("config.our_name", name=queue)
    assert folder.problems() == [folder.at("queues", line, "queues.20.name") + wanted]


def test_a_citizens_phone_may_not_have_an_agents_user(folder):
    line = folder.change("hotline", 'user: "7002"', 'user: "8001"')
    wanted = say("config.agents_user", user="8001")
    assert folder.problems() == [folder.at("hotline", line, "test_phones.1.user") + wanted]


def test_two_phones_may_not_have_one_user(folder):
    folder.change("hotline", 'user: "7002"', 'user: "7001"')
    assert [problem.rpartition(" · ")[2] for problem in folder.problems()] == [
        "7001 stands 2 times; keep one"
    ] * 2


@pytest.mark.parametrize(
    "character", [";", "\\n", "\\r", "\\0", "'", '\\"', ",", " ", "=", "[", "(", "$", "队"]
)
def test_a_name_for_the_switch_is_small_letters_digits_and_hyphens(folder, character):
    line = folder.append("queues", f'{{name: "a{character}b", centre: city, label: 综合}}')
    (problem,) = folder.problems()
    assert problem.startswith(folder.at("queues", line, "queues.20.name"))


@pytest.mark.parametrize("end", ["\\n", "\\r\\n", "\\0"])
def test_a_name_or_number_may_not_end_with_a_line_break(folder, end):
    folder.append("queues", f'{{name: "a{end}", centre: city, label: 综合}}')
    folder.append("agents", f'{{number: "8500{end}", name: 赵敏, centre: city, skills: {{demo: 0}}}}')
    assert len(folder.problems()) == 2


@pytest.mark.parametrize("character", [";", "\\n", "\\r", "\\0", "\\e"])
def test_a_label_has_no_line_break_and_no_comment_sign(folder, character):
    line = folder.append("queues", f'{{name: more, centre: city, label: "综{character}合"}}')
    (problem,) = folder.problems()
    assert problem.startswith(folder.at("queues", line, "queues.20.label"))


@pytest.mark.parametrize(("length", "good"), [(40, True), (41, False)])
def test_a_name_has_at_most_forty_characters(folder, length, good):
    folder.append("queues", f"{{name: {'q' * length}, centre: city, label: 综合}}")
    assert (problems_or_none(folder) == []) == good


def test_problems_of_several_files_are_told_at_once(folder):
    (folder.path / "centres.yaml").unlink()
    folder.change("queues", "- {name: demo, centre: city, label: 演示}", "- {name: demo]")
    folder.change("hotline", "version: 1", "version: 2")
    folder.change("agents", "name: 王芳", "nam: 王芳")
    folder.change("holidays", "years: {}", "years: {2003: {}}")
    files = [problem.removeprefix(f"{folder.path}/").partition(".")[0] for problem in folder.problems()]
    assert files == ["hotline", "centres", "queues", "agents", "agents", *["holidays"] * 3]


def test_all_contradictions_are_told_at_once(folder):
    folder.change("hotline", "default_queue: city-12345", "default_queue: nowhere")
    folder.change("numbers", "queue: city-12315", "queue: nowhere")
    folder.change("agents", "skills: {demo: 0}", "skills: {nowhere: 0, neither: 0}")
    assert len(folder.problems()) == 4


yaml_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | st.integers(), inner),
    max_leaves=8,
)
"""What well-formed YAML may hold."""
SIGNS = (
    ":",
    "-",
    ",",
    "[",
    "]",
    "{",
    "}",
    "&a",
    "*a",
    "!",
    "!!int",
    "?",
    "|",
    "'",
    '"',
    "#",
    "%",
    "0x",
    "<<",
)
bits = st.lists(st.sampled_from(["queues", "name", " ", "\n", "\t", *SIGNS]))
"""What broken YAML may hold."""


@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from((*FILES, "holidays")),
    text=st.text() | bits.map("".join) | yaml_values.map(yaml.safe_dump),
)
def test_any_text_gives_a_configuration_or_a_problem(name, text):
    with tempfile.TemporaryDirectory() as place:
        folder = Folder(Path(place) / "config")
        (folder.path / f"{name}.yaml").write_text(text, encoding="utf-8")
        assert_loads_or_tells(folder)


@settings(max_examples=25, deadline=None)
@given(data=st.data(), name=st.sampled_from((*FILES, "holidays")), value=yaml_values)
def test_any_value_in_any_place_gives_a_configuration_or_a_problem(data, name, value):
    with tempfile.TemporaryDirectory() as place:
        folder = Folder(Path(place) / "config")
        file = folder.path / f"{name}.yaml"
        tree = yaml.safe_load(file.read_text())
        node = tree
        while isinstance(inner := node[key := data.draw(st.sampled_from(keys_of(node)))], dict | list) and (
            inner and data.draw(st.booleans())
        ):
            node = inner
        node[key] = value
        file.write_text(yaml.safe_dump(tree), encoding="utf-8")
        assert_loads_or_tells(folder)


def keys_of(node):
    return list(node) if isinstance(node, dict) else list(range(len(node)))


def assert_loads_or_tells(folder):
    try:
        assert isinstance(load(folder.path), Config)
    except ConfigError as error:
        lines = str(error).splitlines()
        assert all(line.startswith(f"{folder.path}/") and line.isprintable() for line in lines)


@pytest.mark.parametrize(
    ("old", "new", "key", "known"),
    [
        ("trunk: carrier", "trunk: carier", "trunk", "carrier"),
        ('caller_number: "12345"', 'caller_number: "12346"', "caller_number", "12345, 12315"),
    ],
)
def test_units_are_called_over_a_trunk_and_with_a_number_that_are_there(folder, old, new, key, known):
    line = folder.change("threeway", old, new)
    (problem,) = folder.problems()
    assert problem.startswith(folder.at("threeway", line, key))
    assert known in problem


@pytest.mark.parametrize(
    ("row", "key", "why"),
    [
        ("transfer_number: '037912345'", "transfer_number", "go together"),
        ("transfer_number: '037912345', transfer_trunk: mars", "transfer_trunk", "mars"),
    ],
)
def test_a_centre_outside_needs_a_number_and_a_trunk_that_is_there(folder, row, key, why):
    line = folder.append("centres", f"{{code: elsewhere, name: 外地, level: city, {row}}}")
    problems = folder.problems()
    assert [p for p in problems if p.startswith(folder.at("centres", line, f"centres.3.{key}")) and why in p]


def test_a_centre_that_has_queues_here_is_not_outside_as_well(folder):
    folder.change(
        "centres", "level: county}", "level: county, transfer_number: '037912345', transfer_trunk: carrier}"
    )
    assert [p for p in folder.problems() if "baofeng" in p and "no transfer_number" in p]
