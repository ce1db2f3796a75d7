"""What a person reads when all is running: what listens where, and how to place a first call."""

from telephony.api.services import Listening
from telephony.config import Config
from telephony.texts import say


def listening(config: Config) -> list[Listening]:
    """Return every address of ours, and of the Asterisk that we configured."""
    hotline = config.hotline
    sip = hotline.sip
    return [
        Listening("sip", str(sip.address), sip.port, "udp"),
        Listening("sip", str(sip.address), sip.port, "tcp"),
        Listening("ami", str(hotline.ami.address), hotline.ami.port, "tcp"),
        Listening("agi", str(hotline.agi.address), hotline.agi.port, "tcp"),
        Listening("api", str(hotline.api.address), hotline.api.port, "tcp"),
    ]


def text(config: Config) -> str:
    """Return the summary that `make run` prints."""
    sip = config.hotline.sip
    agent = next(iter(config.agents))
    lines = [say("welcome.ready")]
    lines += [f"  {at.name:<4} {at.address}:{at.port}/{at.protocol}" for at in listening(config)]
    low, high = sip.rtp_ports
    lines.append(f"  rtp  {sip.address}:{low}-{high}/udp")
    lines.append(say("welcome.first_call"))
    lines.append(f"  1. hotline agents credentials {agent}")
    lines.append(f"  2. hotline agents login {agent}")
    if config.hotline.test_phones:
        phone = config.hotline.test_phones[0].user
        lines.append(f"  3. hotline phones  ({phone} → {config.hotline.demo.number})")
    lines.append("  *  hotline demo inbound")
    return "\n".join(lines) + "\n"
