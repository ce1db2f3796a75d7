"""A switch with a conference room for tests of hearing: what a three-way call needs, without its dialplan."""

import dataclasses
import shutil

from tests.switch import Switch

USERS = """\
[hearing]
type = user
quiet = yes
[hearing_bridge]
type = bridge
"""
DIALPLAN = """\
[hearing]
exten => _1X.,1,Answer()
 same => n,ConfBridge(${EXTEN:1},hearing_bridge,hearing)
exten => _2X.,1,Wait(0.4)
 same => n,Goto(1${EXTEN:1},1)
exten => music,1,MusicOnHold()
"""


class RoomSwitch(Switch):
    """The tests' throw-away Asterisk with one more context, `hearing`.

    1NUMBER is a room, 2NUMBER the same after 0.4 s without sound, `music` is music without end.
    """

    def _configure(self, changes):
        super()._configure(changes)
        conf = self.folder / "asterisk-conf"
        shutil.copytree(self.paths.switch_config, conf)
        self.paths = dataclasses.replace(self.paths, switch_config=conf)
        main = conf / "confbridge.conf"
        if not main.exists():
            main.write_text('#include "confbridge.d/*.conf"\n', encoding="ascii")
            (conf / "modules.d" / "90-hearing.conf").write_text(
                "load = app_confbridge.so\n", encoding="ascii"
            )
        (conf / "confbridge.d").mkdir(exist_ok=True)
        (conf / "confbridge.d" / "90-hearing.conf").write_text(USERS, encoding="ascii")
        (conf / "extensions.d" / "96-hearing.conf").write_text(DIALPLAN, encoding="ascii")

    def move(self, channel, exten, other=""):
        """Move a leg, or two at once that are in one bridge, to an extension of `hearing`."""
        where = {"Context": "hearing", "Exten": exten, "Priority": "1"}
        both = (
            {"ExtraChannel": other} | {f"Extra{key}": value for key, value in where.items()} if other else {}
        )
        answer = self.ami.action("Redirect", Channel=channel, **where, **both)
        assert answer["Response"] == "Success", answer
