"""leaders.yaml: what must hold of those who help at a seat."""

from tests.unit.test_config_load import Folder


def test_an_assistant_who_is_no_supervisor_is_refused(tmp_path):
    folder = Folder(tmp_path / "config")
    line = folder.change("leaders", 'assistants: ["8802"]', 'assistants: ["8802", "8803"]')
    (problem,) = folder.problems()
    assert problem.startswith(folder.at("leaders", line, "seats.0.assistants.1"))
    assert "助手 8803 须是班长" in problem


def test_an_assistant_who_is_nobody_is_named_once(tmp_path):
    folder = Folder(tmp_path / "config")
    folder.change("leaders", 'assistants: ["8802"]', 'assistants: ["8899"]')
    (problem,) = folder.problems()
    assert "8899" in problem
