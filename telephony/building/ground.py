"""What every part stands on: folders, configuration, store, switch, time, and the pulse of news."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from twisted.internet.endpoints import HostnameEndpoint

from telephony.building.death_point import death_point
from telephony.building.installation import worker_of
from telephony.clock import Clock
from telephony.config import Config
from telephony.floor.pulse import Pulse
from telephony.paths import Paths
from telephony.pbx.ami import AMIClient
from telephony.pbx.files import AMI_USER
from telephony.secret_store import Secrets
from telephony.store.database import Database, url_of


@dataclass(frozen=True)
class Ground:
    """What bootstrap hands to whatever puts a part together; `worker` is this installation's name."""

    paths: Paths
    config: Config
    clock: Clock
    reactor: Any
    database: Database
    ami: AMIClient
    pulse: Pulse
    worker: str
    at_point: Callable[[str], None]
    """Called at each point of a commit order with its name: of a test, the service dies there."""

    @property
    def shares_database(self) -> bool:
        """Whether there may be other installations on the same database."""
        return self.config.hotline.database != "sqlite"

    @property
    def place(self) -> str:
        """Whose agents, seats and recordings these are: of several on a database each has its own."""
        return self.worker if self.shares_database else ""


def lay(paths: Paths, config: Config, secrets: Secrets, reactor: Any, clock: Clock) -> Ground:
    """Return the ground; nothing is opened or connected yet."""
    at = config.hotline.ami
    endpoint: Any = HostnameEndpoint(reactor, str(at.address), at.port)
    return Ground(
        paths,
        config,
        clock,
        reactor,
        Database(url_of(config.hotline.database, paths.var), reactor),
        AMIClient(endpoint, reactor, username=AMI_USER, secret=secrets.ami_secret),
        Pulse(),
        worker_of(paths),
        death_point(config.revisits.mode),
    )
