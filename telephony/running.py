"""`hotline run`: the service in the foreground, in one process on uvloop."""

import logging
import os
import sys
from contextlib import suppress
from typing import Any

import structlog
import uvloop
from sqlalchemy.exc import SQLAlchemyError
from twisted.internet import asyncioreactor

from telephony import config_load, logs, secret_store, welcome
from telephony.clock import SystemClock
from telephony.config import Config
from telephony.errors import HotlineError
from telephony.paths import Paths
from telephony.programs import READY_FD
from telephony.secret_store import Secrets
from telephony.store import migrate
from telephony.store.database import url_of
from telephony.texts import say

log = structlog.get_logger()


def run(paths: Paths) -> int:
    """Run until SIGTERM or SIGINT; return the exit status: 2 for a configuration that cannot be used."""
    logs.set_up()
    for chatty in ("apscheduler", "alembic", "httpx"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        config = config_load.load(paths.config)
        phones = (phone.user for phone in config.hotline.test_phones)
        secrets = secret_store.ensure(paths.secrets, (*config.agents, *phones))
    except HotlineError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    try:
        migrate.upgrade(url_of(config.hotline.database, paths.var))
    except SQLAlchemyError as error:
        # Not our own words alone: which host, which file, which permission is in the driver's first line.
        sys.stderr.write(f"{say('start.database', why=str(error).splitlines()[0])}\n")
        return 1
    return _run(paths, config, secrets)


def _run(paths: Paths, config: Config, secrets: Secrets) -> int:
    asyncioreactor.install(uvloop.new_event_loop())
    from twisted.internet import reactor as installed  # noqa: PLC0415 - there is none before the line above

    from telephony.bootstrap import Service  # noqa: PLC0415 - imports what imports a reactor

    reactor: Any = installed
    service = Service(paths, config, secrets, reactor, SystemClock())
    status = 0

    def failed(failure: Any) -> None:
        nonlocal status
        status = 1
        log.error("start_failed", why=str(failure.value))
        reactor.stop()

    def begin() -> None:
        service.start().addCallback(lambda _: service.settled()).addCallbacks(
            lambda _: _ready(config), failed
        )

    reactor.callWhenRunning(begin)
    reactor.addSystemEventTrigger("before", "shutdown", service.stop)
    reactor.run()
    return status


def _ready(config: Config) -> None:
    log.info("ready")
    descriptor = os.environ.pop(READY_FD, None)
    if descriptor is not None:
        with suppress(OSError), os.fdopen(int(descriptor), "w", encoding="utf-8") as launcher:
            launcher.write(welcome.text(config))
