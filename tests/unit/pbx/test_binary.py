"""Which Asterisk is run: the system's if it is new enough, else the private tree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.errors import SwitchUnavailableError
from telephony.pbx import binary
from telephony.pbx.binary import MULTIARCH


@pytest.fixture
def system(tmp_path, monkeypatch):
    """Install a program as the system's asterisk; until then there is none."""
    program = tmp_path / "sbin" / "asterisk"
    modules, share = tmp_path / "modules", tmp_path / "share"
    for folder in (program.parent, modules, share):
        folder.mkdir()
    monkeypatch.setattr(binary, "PROGRAM_FOLDERS", str(program.parent))
    monkeypatch.setattr(binary, "MODULE_FOLDERS", (tmp_path / "elsewhere", modules))
    monkeypatch.setattr(binary, "SHARE_FOLDERS", (tmp_path / "elsewhere", share))

    def install(says, head="#!/bin/sh\n"):
        program.write_text(f"{head}test \"$1\" = -V && printf '%s' '{says}'\n")
        program.chmod(0o700)
        return str(program)

    return install


@pytest.fixture
def tree(tmp_path):
    """Make the files of a private tree and return its root."""
    root = tmp_path / "var" / "asterisk-root"
    libraries = root / "usr" / "lib" / MULTIARCH
    libraries.mkdir(parents=True)
    (libraries / "ld-linux-test.so.2").touch()
    (root / "usr" / "sbin").mkdir()
    (root / "usr" / "sbin" / "asterisk").touch()
    return root


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("Asterisk 22.10.1", (22, 10, 1)),
        ("Asterisk 22.10.1~dfsg+~cs6.15.60671435-1\n", (22, 10, 1)),
        ("Asterisk 22.10.1+dfsg", (22, 10, 1)),
        ("Asterisk 23.0.0-rc1", ()),
        ("Asterisk 23.0.0-beta2", ()),
        ("Asterisk 22.10.10-rc1", ()),
        ("Asterisk certified-22.8-cert1", ()),
        ("Asterisk GIT-22-1234abcd", ()),
        ("Asterisk 22.10", ()),
        ("asterisk: command not found", ()),
        ("", ()),
    ],
)
def test_a_version_is_read_out_of_what_asterisk_says(text, version):
    assert binary.parse_version(text) == version


@given(text=st.text() | st.text().map("Asterisk {}".format))
def test_any_text_is_a_version_or_none(text):
    assert len(binary.parse_version(text)) in (0, 3)


@pytest.mark.parametrize(
    ("version", "good"),
    [
        *(("22.10.1", True), ("22.10.0", False), ("22.10.2", True), ("22.9.9", False), ("22.11.0", True)),
        *(("21.99.99", False), ("23.0.0", True), ("100.0.0", True), ("9.99.9", False)),
    ],
)
def test_the_systems_asterisk_is_taken_from_22_10_1(system, tree, version, good):
    program = system(f"Asterisk {version}~dfsg")
    assert (binary.find(tree.parent).command == (program,)) == good


def test_the_systems_asterisk_comes_with_its_modules_and_documentation(system, tmp_path):
    program = system("Asterisk 22.10.1")
    wanted = binary.Asterisk((program,), tmp_path / "modules", tmp_path / "share")
    assert binary.find(tmp_path / "var") == wanted


def test_without_an_asterisk_of_the_system_the_tree_is_taken(system, tree):
    libraries = tree / "usr" / "lib" / MULTIARCH
    assert binary.find(tree.parent) == binary.Asterisk(
        (
            str(libraries / "ld-linux-test.so.2"),
            "--library-path",
            str(libraries),
            str(tree / "usr" / "sbin" / "asterisk"),
        ),
        libraries / "asterisk" / "modules",
        tree / "usr" / "share" / "asterisk",
    )


@pytest.mark.parametrize("head", ["\x7fnot for this machine", "#!/no/such/shell\n", "#!/bin/sh\nexit 1\n"])
def test_a_system_asterisk_that_does_not_run_is_passed_by(system, tree, head):
    program = system("Asterisk 22.10.1", head)
    assert binary.find(tree.parent).command[0] != program


@pytest.mark.parametrize("folder", ["modules", "share"])
def test_a_system_asterisk_that_is_not_whole_is_passed_by(system, tree, tmp_path, folder):
    program = system("Asterisk 22.10.1")
    (tmp_path / folder).rmdir()
    assert binary.find(tree.parent).command[0] != program


@pytest.mark.parametrize("missing", [f"usr/lib/{MULTIARCH}/ld-linux-test.so.2", "usr/sbin/asterisk"])
def test_a_tree_that_is_not_whole_is_none_and_the_set_up_is_named(system, tree, missing):
    (tree / missing).unlink()
    with pytest.raises(SwitchUnavailableError, match="run `tools/setup/asterisk`"):
        binary.find(tree.parent)


def test_an_old_system_asterisk_without_a_tree_is_none(system, tmp_path):
    system("Asterisk 22.10.0")
    with pytest.raises(SwitchUnavailableError, match=r"no Asterisk 22\.10\.1 or newer"):
        binary.find(tmp_path / "var")
