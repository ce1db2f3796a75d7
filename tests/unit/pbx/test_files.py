"""What Asterisk is given to read: all of config/, nothing smuggled in by it, no open secret."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from telephony.config import Agent
from telephony.config_hotline import Trunk
from telephony.config_load import load
from telephony.config_values import Dialable, Digits, Endpoint, Label, Name
from telephony.paths import PROJECT, Paths
from telephony.pbx import files
from telephony.pbx.binary import Asterisk
from telephony.secret_store import Secrets

CONFIG = load(PROJECT / "config")
PHONES = {phone.user: phone for phone in CONFIG.hotline.test_phones}
USERS = (*CONFIG.agents, *PHONES)
SECRETS = Secrets("api-hush", "ami-hush", "agi-hush", {user: f"sip-hush-{user}" for user in USERS})
HUSH = ("api-hush", "ami-hush", "agi-hush", "sip-hush")
DIALLED = [(dialled, n) for n in CONFIG.numbers.values() for dialled in (n.number, *n.aliases)]
LINE = re.compile(
    r"\[[a-z0-9/._-]+\](\([a-z-]+\))?"
    r"|[a-zA-Z_]+ = [^;\r\n]*"
    r"|exten => \+?[0-9]+,1,Set\([A-Z_]+=[a-z0-9-]*\)"
    r"| same => n,(Set\([A-Z_]+=[a-z0-9-]*\)|Goto\(inbound,start,1\))"
    r"|exten => _\[0-9a-z\]\.,[0-9]+,Goto\(\$\{CONTEXT\},\$\{EXTEN\},1\)"
    r"|"
)
"""Every line that we write: a section, a setting, an extension, nothing."""


def texts(config):
    """All that is generated from a configuration, as one text."""
    secrets = replace(SECRETS, sip=dict.fromkeys((*config.agents, *PHONES), "sip-hush"))
    recordings = PROJECT / "var" / "recordings"
    return "\n".join(
        [
            files.pjsip(config, secrets),
            files.extensions(config, secrets, recordings),
            files.queues(config),
            files.manager(config, secrets),
            files.rtp(config),
        ]
    )


@pytest.fixture
def paths(tmp_path):
    paths = Paths(tmp_path / "config", tmp_path / "var")
    share = tmp_path / "share"
    (share / "documentation").mkdir(parents=True)
    files.install(paths, CONFIG, SECRETS, Asterisk(("asterisk",), tmp_path / "modules", share))
    return paths


def sections(text):
    """Read Asterisk's format: name and type → settings, those of the section's template first."""
    found, templates, settings = {}, {}, {}
    for line in (line.partition(";")[0].strip() for line in text.splitlines()):
        if header := re.fullmatch(r"\[(.+?)\](?:\((.+)\))?", line):
            name, template = header.groups()
            settings = dict(templates.get(template, {}))
            if template == "!":
                templates[name] = settings
            else:
                found.setdefault(name, []).append(settings)
        elif line:
            key, _, value = line.partition("=")
            settings[key.strip()] = value.removeprefix(">").strip()
    return found


def pjsip(paths):
    folder = paths.asterisk / "etc" / "pjsip.d"
    return sections("\n".join(file.read_text() for file in sorted(folder.glob("*.conf"))))


def of_type(found, name, kind):
    (settings,) = [section for section in found[name] if section["type"] == kind]
    return settings


def extensions(config=CONFIG):
    text = files.extensions(config, SECRETS, PROJECT / "recordings").partition("[citizens]\n")[2]
    text = text.partition("[redirected]")[0]
    parts = re.split(r"^exten => ([^,]+),1,", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize(("dialled", "number"), DIALLED, ids=lambda value: getattr(value, "number", value))
def test_each_number_and_alias_has_an_extension_that_says_what_was_called(dialled, number):
    # The demo's citizen rings nobody at work, also if the service does not decide.
    played = {CONFIG.hotline.demo.line.number: "demo-line", "10000012348": "demo"}
    default = played.get(number.number, "city-12345")
    assert extensions()[dialled] == (
        f"Set(HOTLINE_NUMBER={number.number})\n"
        f" same => n,Set(HOTLINE_DEFAULT_QUEUE={default})\n"
        f" same => n,Set(HOTLINE_GREETING={number.greeting})\n"
        f" same => n,Set(HOTLINE_MENU={number.menu or ''})\n"
        " same => n,Goto(inbound,start,1)\n"
    )


def test_no_other_extension_is_open_to_citizens():
    assert list(extensions()) == [dialled for dialled, _ in DIALLED]


@pytest.mark.parametrize("agent", CONFIG.agents)
def test_each_agent_has_an_endpoint_with_a_password_in_the_context_of_agents(paths, agent):
    found = pjsip(paths)
    endpoint, auth = of_type(found, agent, "endpoint"), of_type(found, agent, "auth")
    assert (endpoint["context"], endpoint["auth"], endpoint["aors"]) == ("agents", agent, agent)
    assert (auth["username"], auth["password"]) == (agent, f"sip-hush-{agent}")


@pytest.mark.parametrize("user", PHONES)
def test_each_test_phone_is_a_citizen_with_a_password_and_a_number_of_its_own(paths, user):
    found = pjsip(paths)
    endpoint, auth = of_type(found, user, "endpoint"), of_type(found, user, "auth")
    assert (endpoint["context"], endpoint["auth"]) == ("citizens", user)
    assert endpoint["callerid"] == f"<{PHONES[user].caller_number}>"
    assert (auth["username"], auth["password"]) == (user, f"sip-hush-{user}")


@pytest.mark.parametrize("user", USERS)
def test_a_phone_has_one_place_to_be_reached(paths, user):
    assert of_type(pjsip(paths), user, "aor")["max_contacts"] == "1"


def test_a_trunk_is_known_by_its_addresses_and_its_callers_are_citizens(paths):
    found = pjsip(paths)
    assert of_type(found, "carrier", "endpoint")["context"] == "citizens"
    assert of_type(found, "carrier", "aor")["contact"] == "sip:127.0.0.2:5080"
    assert found["carrier-from"] == [{"type": "identify", "endpoint": "carrier", "match": "127.0.0.2/32"}]


def test_every_endpoint_without_a_password_is_a_trunk_known_by_its_address(paths):
    endpoints = {n: s for n, every in pjsip(paths).items() for s in every if s.get("type") == "endpoint"}
    assert [name for name, settings in endpoints.items() if "auth" not in settings] == ["carrier"]


@pytest.mark.parametrize("setting", ["context", "disallow", "allow", "aors"])
def test_no_endpoint_lacks_what_asterisk_would_fill_in_by_itself(paths, setting):
    endpoints = [s for every in pjsip(paths).values() for s in every if s.get("type") == "endpoint"]
    assert all(endpoint.get(setting) for endpoint in endpoints)


def test_no_section_of_one_type_stands_twice(paths):
    kinds = {name: [section["type"] for section in every] for name, every in pjsip(paths).items()}
    assert {name: every for name, every in kinds.items() if len(set(every)) < len(every)} == {}


def test_there_is_a_queue_for_each_of_ours_and_each_agent():
    wanted = {"general", *CONFIG.queues, *(f"agent-{agent}" for agent in CONFIG.agents)}
    assert set(sections(files.queues(CONFIG))) == wanted


def test_a_queue_of_ours_takes_callers_when_nobody_is_there_and_an_agents_own_does_not():
    queues = sections(files.queues(CONFIG))
    assert queues["city-12345"][0]["joinempty"] == "yes"
    assert {"unavailable", "ringing"} <= set(queues["agent-8001"][0]["joinempty"].split(","))


@pytest.mark.parametrize("queue", ["city-leader", "city-leader-screening", "baofeng-leader"])
def test_nobody_is_held_in_a_leaders_queue_whose_phones_have_gone_but_a_pause_is_waited_for(queue):
    settings = sections(files.queues(CONFIG))[queue][0]
    for name in ("joinempty", "leavewhenempty"):
        assert set(settings[name].split(",")) == {"unavailable", "invalid", "unknown"}


@pytest.mark.parametrize(("wrap_up", "guard"), [(0, "0"), (1, "1"), (2, "1")])
def test_the_switch_only_guards_the_first_second_of_wrap_up(wrap_up, guard):
    rules = CONFIG.hotline.agents.model_copy(update={"wrap_up_seconds": wrap_up})
    config = replace(CONFIG, hotline=CONFIG.hotline.model_copy(update={"agents": rules}))
    assert sections(files.queues(config))["demo"][0]["wrapuptime"] == guard


def test_ami_listens_where_config_says_and_admits_only_that_address():
    manager = sections(files.manager(CONFIG, SECRETS))
    assert (manager["general"][0]["bindaddr"], manager["general"][0]["port"]) == ("127.0.0.1", "5038")
    assert manager["hotline"][0]["deny"] == "0.0.0.0/0.0.0.0"
    assert manager["hotline"][0]["permit"] == "127.0.0.1/255.255.255.255"


def test_our_ami_user_may_place_outbound_calls_move_them_and_hang_them_up():
    ours = sections(files.manager(CONFIG, SECRETS))["hotline"][0]
    assert {"originate", "call"} <= set(ours["write"].split(","))


def test_our_ami_user_runs_no_program_of_the_machine():
    # With system among its rights, Originate takes applications that start programs.
    ours = sections(files.manager(CONFIG, SECRETS))["hotline"][0]
    assert "system" not in ours["write"].split(",")


@pytest.mark.parametrize("right", ["all", "command", "config", "dialplan", "user", "log"])
def test_our_ami_user_has_no_right_that_the_service_does_not_use(right):
    ours = sections(files.manager(CONFIG, SECRETS))["hotline"][0]
    assert right not in f"{ours['read']},{ours['write']}".split(",")


def test_the_journal_holds_no_name_and_no_number_of_a_caller(tmp_path):
    (fields,) = [line for line in files.journal(tmp_path).splitlines() if line.startswith("fields")]
    assert not re.search("cid|caller|ani|dnid|exten|appdata", fields)


def test_asterisk_may_not_run_dangerous_functions_and_stays_in_its_folder(paths):
    text = (paths.asterisk / "etc" / "asterisk.conf").read_text()
    folders = re.findall(r"^ast(?!mod)\w+ => (.*)$", text, flags=re.MULTILINE)
    assert "live_dangerously = no" in text
    assert all(folder.startswith(f"{paths.asterisk}/") for folder in folders)


@pytest.mark.parametrize("secret", HUSH)
def test_no_secret_is_in_a_file_that_others_may_read(paths, secret):
    telling = [path for path in paths.var.rglob("*") if path.is_file() and secret in path.read_text()]
    assert [path for path in telling if is_open(path, paths.var)] == []


def is_open(path, top):
    way = [path, *(folder for folder in path.parents if folder.is_relative_to(top))]
    return all(place.stat().st_mode & 0o077 for place in way)


def test_the_token_of_the_api_is_nothing_to_the_switch(paths):
    assert not any("api-hush" in path.read_text() for path in paths.asterisk.rglob("*.conf"))


def test_a_second_start_drops_what_was_changed_by_hand(paths, tmp_path):
    etc = paths.asterisk / "etc"
    (etc / "extensions.d" / "99-mine.conf").write_text(
        "[agents]\nexten => _X.,1,Dial(PJSIP/${EXTEN}@carrier)\n"
    )
    share = Asterisk(("asterisk",), tmp_path / "modules", tmp_path / "share")
    files.install(paths, CONFIG, SECRETS, share)
    assert not (etc / "extensions.d" / "99-mine.conf").exists()


def test_each_file_of_ours_includes_the_folder_into_which_we_write(paths):
    etc = paths.asterisk / "etc"
    written = {file.parent for file in etc.rglob(files.GENERATED)}
    mains = {folder: folder.with_suffix(".conf").read_text() for folder in written}
    assert len(mains) == 6
    assert all(f'#include "{folder.name}/*.conf"' in text for folder, text in mains.items())


def test_every_line_is_a_section_a_setting_or_an_extension():
    assert [line for line in texts(CONFIG).splitlines() if not LINE.fullmatch(line)] == []


hostile = st.text(st.characters() | st.sampled_from(";\n\r\0\u2028\x85\"',()[]{}$#=>&|\\/ -+_.0123456789abz"))


def accepted(kind, text):
    try:
        return TypeAdapter(kind).validate_python(text)
    except ValidationError:
        return None


@given(label=hostile.filter(lambda text: accepted(Label, text)))
def test_no_label_reaches_the_switch(label):
    assert texts(named(label)) == texts(CONFIG)


def named(label):
    """The configuration with every label changed."""
    phones = tuple(phone.model_copy(update={"name": label}) for phone in PHONES.values())
    return replace(
        CONFIG,
        hotline=CONFIG.hotline.model_copy(update={"test_phones": phones}),
        centres={key: centre.model_copy(update={"name": label}) for key, centre in CONFIG.centres.items()},
        numbers={key: number.model_copy(update={"name": label}) for key, number in CONFIG.numbers.items()},
        queues={key: queue.model_copy(update={"label": label}) for key, queue in CONFIG.queues.items()},
        agents={key: agent.model_copy(update={"name": label}) for key, agent in CONFIG.agents.items()},
    )


@pytest.mark.parametrize("kind", [Name, Digits, Dialable, Endpoint])
def test_what_may_reach_the_switch_holds_no_sign_of_its_grammar(kind):
    @given(text=hostile | st.from_regex(r"\A(\+?[0-9]{3,6}|[a-z0-9-]{1,5}|[0-9.]{7}:[0-9]{1,5})\s?\Z"))
    def check(text):
        value = accepted(kind, text)
        assert value is None or re.fullmatch(r"[a-z0-9.:+-]+", value)

    check()


@given(name=st.from_regex(r"\A[a-z][a-z0-9-]{0,39}\Z"), user=st.from_regex(r"\A[0-9]{3,16}\Z"))
def test_any_names_that_config_accepts_make_only_lines_of_ours(name, user):
    hotline = CONFIG.hotline
    trunk = Trunk(name=name, match=("10.0.0.0/8",), contact="10.0.0.1:5060")
    number = CONFIG.numbers["12345"].model_copy(update={"greeting": name, "menu": name, "number": user})
    config = replace(
        CONFIG,
        hotline=hotline.model_copy(update={"trunks": (trunk,), "default_queue": name}),
        numbers={user: number},
        queues={name: CONFIG.queues["demo"].model_copy(update={"name": name})},
        agents={user: Agent(number=user, name="王芳", centre="city", skills={name: 0})},
    )
    assert [line for line in texts(config).splitlines() if not LINE.fullmatch(line)] == []


def test_numbers_and_voices_of_callers_are_for_the_owner_only(paths):
    for folder in (paths.journal, paths.recordings, paths.asterisk / "log"):
        assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", [*(trunk.name for trunk in CONFIG.hotline.trunks), *PHONES, *CONFIG.agents])
def test_nobody_who_is_silent_for_ten_minutes_or_held_for_an_hour_is_cut_off(paths, name):
    endpoint = of_type(pjsip(paths), name, "endpoint")
    assert int(endpoint["rtp_timeout"]) >= 600
    assert int(endpoint["rtp_timeout_hold"]) >= 3600


def test_who_lands_behind_the_first_step_of_a_place_begins_at_it_all_the_same():
    text = files.extensions(CONFIG, SECRETS, PROJECT / "recordings")
    redirected = text.partition("[redirected]\n")[2].partition("\n\n")[0].splitlines()
    assert redirected[0] == "exten => _[0-9a-z].,2,Goto(${CONTEXT},${EXTEN},1)"
    assert (len(redirected), redirected[-1].split(",")[1]) == (59, "60")
