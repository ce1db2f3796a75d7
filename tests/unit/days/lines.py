"""Channels of a played switch, and the two lines between it and the service: AGI and AMI."""

from dataclasses import dataclass, field

from twisted.internet.defer import succeed

from telephony.pbx.codec import Message


@dataclass
class Channel:
    """A channel: where it is in the dialplan, its variables, and with whom it talks."""

    id: str
    endpoint: str
    call_id: str
    name: str
    state: str = "Ring"
    context: str = ""
    exten: str = ""
    of: "Channel | None" = None
    """Of an agent's: the citizen for whom it rings."""
    peer: "Channel | None" = None
    variables: dict = field(default_factory=dict)


class Session:
    """An AGI session: the dialplan waits for it, everything else goes on."""

    def __init__(self, timer, channel, *arguments):
        self._timer, self.call_id, self.set = timer, channel.id, {}
        self.variables = channel.variables
        self.env = {"agi_uniqueid": channel.id, "agi_callerid": channel.variables.get("CALLER", "")}
        self.env |= {f"agi_arg_{nth}": str(each) for nth, each in enumerate(arguments, 2)}

    def await_(self, work):
        results = []
        work().addBoth(results.append)
        while not results:
            self._timer.advance(0)
        return results[0]

    def get_variable(self, name):
        return str(self.variables.get(name, ""))

    def set_variable(self, name, value):
        names = name.removeprefix("ARRAY(").removesuffix(")").split(",")
        self.set |= dict(zip(names, str(value).split(",", len(names) - 1), strict=True))


class Ami:
    """The service's connection: what it subscribes to, and what it orders."""

    def __init__(self, switch):
        self.is_up, self._switch, self._subscribers, self._up = True, switch, [], []

    def subscribe(self, names, callback):
        self._subscribers.append((frozenset(names), callback))

    def on_up(self, callback):
        self._up.append(callback)

    def on_down(self, callback):
        pass

    def connected(self):
        for callback in self._up:
            callback()

    def tell(self, name, headers):
        lines = [f"Event: {name}", *(f"{key}: {value}" for key, value in headers.items())]
        message = Message("\r\n".join(lines).encode())
        for names, callback in self._subscribers:
            if name in names:
                callback(message)

    def action(self, name, headers=(), **_more):
        return self._switch.ordered(name, headers)

    def list_action(self, name):
        return succeed([Message(row.encode()) for row in self._switch.listed(name)])
