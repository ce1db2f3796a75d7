"""`hotline check`: what an operator can put right before or while the service runs."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from alembic.util import CommandError

from telephony import calendars, config_load, secret_store
from telephony.clock import SHANGHAI
from telephony.config import Config
from telephony.errors import HotlineError
from telephony.paths import Paths
from telephony.pbx import binary
from telephony.pbx.files import AMI_USER
from telephony.store import migrate
from telephony.store.database import engine_of, url_of
from telephony.texts import say
from telephony.yaml_source import YamlSource

ANSWER_SECONDS = 3.0


@dataclass(frozen=True)
class Finding:
    """One thing looked at; a problem's text names file, line and key where there is one."""

    ok: bool
    text: str


def all_checks(paths: Paths, now: datetime) -> list[Finding]:
    """Return what was found at an aware instant, in the order in which it is to be put right."""
    try:
        config = config_load.load(paths.config)
    except HotlineError as error:
        return [Finding(ok=False, text=text) for text in str(error).splitlines()]
    good = Finding(ok=True, text=say("check.configuration", folder=paths.config))
    calendar = _calendar(config, now)
    return [good, calendar, *_asterisk(paths), *_switch(paths, config), *_database(paths, config)]


def _calendar(config: Config, now: datetime) -> Finding:
    today = now.astimezone(SHANGHAI).date()
    text = calendars.outlook(config.calendar, today)
    if calendars.days_left(config.calendar, today) >= calendars.WARN_DAYS:
        return Finding(ok=True, text=text)
    file = config.directory / calendars.FILE
    if not file.exists():
        return Finding(ok=False, text=f"{file}:1: years: {text}")
    return Finding(ok=False, text=YamlSource(file).problem(("years",), text))


def _asterisk(paths: Paths) -> Iterator[Finding]:
    try:
        found = binary.find(paths.var)
    except HotlineError as error:
        yield Finding(ok=False, text=f"{paths.var}:1: asterisk: {error}")
        return
    yield Finding(ok=True, text=say("check.asterisk", program=found.command[-1]))


def _switch(paths: Paths, config: Config) -> Iterator[Finding]:
    ami = config.hotline.ami
    where = f"{ami.address}:{ami.port}"
    try:
        answer = _log_in(paths, str(ami.address), ami.port)
    except ConnectionRefusedError:
        yield Finding(ok=True, text=say("check.switch_down", where=where))
    except OSError as error:
        yield _problem(paths, "ami", say("check.switch_silent", where=where, why=str(error)))
    else:
        if b"Response: Success" in answer:
            yield Finding(ok=True, text=say("check.switch", where=where))
        else:
            yield _problem(paths, "ami", say("check.switch_refuses", where=where, file=paths.secrets))


def _log_in(paths: Paths, address: str, port: int) -> bytes:
    with socket.create_connection((address, port), ANSWER_SECONDS) as connection:
        if not paths.secrets.exists():
            return b""
        secret = secret_store.ensure(paths.secrets, ()).ami_secret
        login = f"Action: Login\r\nUsername: {AMI_USER}\r\nSecret: {secret}\r\nEvents: off\r\n\r\n"
        connection.sendall(login.encode())
        answer = b""
        while b"\r\n\r\n" not in answer and (part := connection.recv(4096)):
            answer += part
        return answer


def _database(paths: Paths, config: Config) -> Iterator[Finding]:
    url = url_of(config.hotline.database, paths.var)
    file = sa.make_url(url).database or ""
    if url.startswith("sqlite") and not Path(file).exists():
        yield Finding(ok=True, text=say("check.database_new", file=file))
        return
    engine = engine_of(url)
    try:
        with engine.connect() as connection:
            current = migrate.is_current(connection)
    except (sa.exc.SQLAlchemyError, CommandError) as error:
        why = str(getattr(error, "orig", error)).strip().splitlines()[0]
        yield _problem(paths, "database", say("check.database_silent", why=why))
        return
    finally:
        engine.dispose()
    shown = sa.make_url(url).render_as_string(hide_password=True)
    if current:
        yield Finding(ok=True, text=say("check.database", url=shown))
    else:
        yield _problem(paths, "database", say("check.database_old", url=shown))


def _problem(paths: Paths, key: str, text: str) -> Finding:
    return Finding(ok=False, text=YamlSource(paths.config / "hotline.yaml").problem((key,), text))
