"""Write the configuration that Asterisk reads: the project's own files and what follows from config/.

Everything here comes from validated configuration and our own secrets, never from a caller.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

from telephony.config import Config
from telephony.config_hotline import Trunk
from telephony.paths import Paths
from telephony.pbx.binary import Asterisk
from telephony.secret_store import Secrets

AMI_USER = "hotline"
GENERATED = "90-generated.conf"
ASK_GUARD_SECONDS = 30
"""So long after the service should have ended the asking of units the dialplan ends it by itself."""
LEADER_SECONDS = 300
"""So long who waits for a leader stays in app_queue with the service silent: nobody says then when the day of
the leader is over (Art. 6)."""
LAST_STEP = 60
"""No extension of ours from which somebody is moved is longer."""
HEADER = "; Written by the hotline at each start from config/: changes here are lost.\n"


def install(paths: Paths, config: Config, secrets: Secrets, asterisk: Asterisk) -> Path:
    """Write var/asterisk/etc anew and return the path of its asterisk.conf."""
    etc = paths.asterisk / "etc"
    shutil.rmtree(etc, ignore_errors=True)
    shutil.copytree(paths.switch_config, etc)
    etc.chmod(0o700)  # passwords stand in it
    for name in ("run", "log", "spool", "db", "keys", "data/sounds/zh"):
        (paths.asterisk / name).mkdir(parents=True, exist_ok=True)
    for folder in (paths.journal, paths.recordings, paths.asterisk / "log"):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)  # numbers and voices of callers
    _link(paths.asterisk / "data" / "documentation", asterisk.share / "documentation")
    generated = {
        "pjsip": pjsip(config, secrets),
        "extensions": extensions(config, secrets, paths.recordings),
        "queues": queues(config),
        "manager": manager(config, secrets),
        "rtp": rtp(config),
        "cel_custom": journal(paths.journal),
    }
    for name, text in generated.items():
        folder = etc / f"{name}.d"
        folder.mkdir(exist_ok=True)
        (folder / GENERATED).write_text(HEADER + text, encoding="utf-8")
    main = etc / "asterisk.conf"
    main.write_text(HEADER + directories(paths, asterisk), encoding="utf-8")
    return main


def directories(paths: Paths, asterisk: Asterisk) -> str:
    """Return asterisk.conf: where this Asterisk finds and puts things."""
    home = paths.asterisk
    return f"""\
[directories]
astetcdir => {home}/etc
astmoddir => {asterisk.modules}
astvarlibdir => {home}/db
astdbdir => {home}/db
astkeydir => {home}/keys
astdatadir => {home}/data
astagidir => {home}/data
astspooldir => {home}/spool
astrundir => {home}/run
astlogdir => {home}/log

[options]
live_dangerously = no
hideconnect = yes
nocolor = yes
"""


def pjsip(config: Config, secrets: Secrets) -> str:
    """Return transports, trunks, agents' and test phones' endpoints."""
    sip = config.hotline.sip
    codecs = ",".join(sip.codecs)
    lines = []
    for transport in ("udp", "tcp"):
        lines += [f"[{transport}]", "type = transport", f"protocol = {transport}"]
        lines += [f"bind = {sip.address}:{sip.port}", ""]
    for trunk in config.hotline.trunks:
        lines += _trunk(trunk, codecs)
    for agent in config.agents:
        lines += _phone(agent, "agent", secrets.sip[agent], [f"allow = {codecs}"])
    for phone in config.hotline.test_phones:
        extra = ["context = citizens", f"allow = {codecs}", f"callerid = <{phone.caller_number}>"]
        lines += _phone(phone.user, "citizen", secrets.sip[phone.user], extra)
    return "\n".join(lines)


def _trunk(trunk: Trunk, codecs: str) -> Iterator[str]:
    # Known by its address only: it has no password, and its name in a From header is anybody's to write.
    yield from (f"[{trunk.name}](citizen)", "context = citizens", "identify_by = ip", f"allow = {codecs}")
    yield from (f"aors = {trunk.name}", "")
    yield from (f"[{trunk.name}]", "type = aor", f"contact = sip:{trunk.contact}", "")
    yield from (f"[{trunk.name}-from]", "type = identify", f"endpoint = {trunk.name}")
    yield from (*(f"match = {network}" for network in trunk.match), "")


def _phone(user: str, template: str, password: str, extra: list[str]) -> Iterator[str]:
    yield from (f"[{user}]({template})", *extra, f"auth = {user}", f"aors = {user}", "")
    yield from (f"[{user}](password)", f"username = {user}", f"password = {password}", "")
    yield from (f"[{user}](one-phone)", "")


def extensions(config: Config, secrets: Secrets, recordings: Path) -> str:
    """Return the globals and one extension for each number that citizens call."""
    hotline = config.hotline
    lines = [
        "[globals]",
        f"HOTLINE_AGI = {hotline.agi.address}:{hotline.agi.port}",
        f"HOTLINE_AGI_SECRET = {secrets.agi_secret}",
        f"HOTLINE_SERVICE_TIMEOUT = {hotline.routing.service_timeout_seconds}",
        f"HOTLINE_NOTICE = {hotline.recording.notice}",
        f"HOTLINE_RECORDINGS = {recordings}",
        f"HOTLINE_FALLBACK_QUEUE = {hotline.default_queue}",
        f"HOTLINE_RING_SECONDS = {hotline.agents.ring_seconds}",
        f"HOTLINE_RATING = {'c' if hotline.rating.enabled else ''}",
        f"HOTLINE_WORD_SECONDS = {config.threeway.word_seconds}",
        f"HOTLINE_ASK_SECONDS = {config.threeway.ask_seconds + ASK_GUARD_SECONDS}",
        f"HOTLINE_TRANSFER_SECONDS = {hotline.agents.ring_seconds}",
        f"HOTLINE_OUTSIDE_SECONDS = {config.threeway.ring_seconds}",
        f"HOTLINE_CALLER = {config.threeway.caller_number}",
        f"HOTLINE_LEADER_SECONDS = {LEADER_SECONDS}",
        "",
        *_redirected(),
        "",
        "[citizens]",
    ]
    demo = hotline.demo
    # A demonstration rings nobody at work, also if the service does not decide.
    played = {demo.line.number: demo.line.queue, config.demo_hall_number: demo.queue}
    for number in config.numbers.values():
        default = played.get(number.number, hotline.default_queue)
        for dialled in (number.number, *number.aliases):
            lines += [
                f"exten => {dialled},1,Set(HOTLINE_NUMBER={number.number})",
                f" same => n,Set(HOTLINE_DEFAULT_QUEUE={default})",
                f" same => n,Set(HOTLINE_GREETING={number.greeting})",
                f" same => n,Set(HOTLINE_MENU={number.menu or ''})",
                " same => n,Goto(inbound,start,1)",
            ]
    return "\n".join(lines) + "\n"


def _redirected() -> Iterator[str]:
    # A Redirect that hits a channel between two steps lands one behind the old step's number (measured): in a
    # context that includes this, and has one step only, it begins at that step all the same.
    yield "[redirected]"
    for step in range(2, LAST_STEP + 1):
        yield f"exten => _[0-9a-z].,{step},Goto(${{CONTEXT}},${{EXTEN}},1)"


def queues(config: Config) -> str:
    """Return app_queue's queues: ours, and one for each agent, for a caller whom that agent knows."""
    rules = config.hotline.agents
    # Wrap-up is kept by the service, by pausing; these seconds only cover the time until it has done so.
    guard = min(1, rules.wrap_up_seconds)
    lines = [
        "[general]",
        "persistentmembers = yes",
        "shared_lastcall = yes",
        "log_membername_as_agent = yes",
        "",
    ]
    common = [
        "musicclass = default",
        f"timeout = {rules.ring_seconds}",
        "retry = 1",
        "ringinuse = no",
        "autofill = yes",
        f"wrapuptime = {guard}",
        "timeoutpriority = conf",
    ]
    # An agent's own queue rings only when the service says so: it knows when the agent is ready again.
    alone = ["wrapuptime = 0" if line.startswith("wrapuptime") else line for line in common]
    for queue in config.queues.values():
        lines += [f"[{queue.name}]", *common, f"strategy = {queue.strategy}"]
        # Where the leader's phone has gone, or all that screen, people answer who are there: not in a pause.
        left = "unavailable,invalid,unknown"
        leaders = queue.name in config.normal_queues
        lines += [f"joinempty = {left}", f"leavewhenempty = {left}"] if leaders else ["joinempty = yes"]
        lines.append("")
    for agent in config.agents:
        absent = "paused,unavailable,invalid,unknown,inuse"
        lines += [
            f"[agent-{agent}]",
            *alone,
            f"joinempty = {absent},ringing",
            f"leavewhenempty = {absent}",
            "",
        ]
    return "\n".join(lines)


def manager(config: Config, secrets: Secrets) -> str:
    """Return the AMI listener and our user, with the rights that the service uses and no more."""
    ami = config.hotline.ami
    return f"""\
[general]
enabled = yes
webenabled = no
bindaddr = {ami.address}
port = {ami.port}
displayconnects = no
allowmultiplelogin = yes
timestampevents = yes

[{AMI_USER}]
secret = {secrets.ami_secret}
deny = 0.0.0.0/0.0.0.0
permit = {ami.address}/255.255.255.255
read = system,call,agent
write = agent,reporting,originate,call
writetimeout = 5000
"""


def rtp(config: Config) -> str:
    """Return the RTP ports."""
    low, high = config.hotline.sip.rtp_ports
    return f"[general]\nrtpstart = {low}\nrtpend = {high}\nstrictrtp = yes\n"


def journal(folder: Path) -> str:
    """Return where the switch writes the journal; no name or number of a caller stands in it unfiltered."""
    fields = "eventtype,eventtime,userdeftype,channame,uniqueid,linkedid,eventextra"
    return f"[{folder}/calls.json]\nformat = json\nfields = {fields}\n"


def _link(link: Path, target: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink():
        link.unlink()
    link.symlink_to(target)
