"""`hotline run --with-asterisk`: bring everything up to date, then keep Asterisk and the service running."""

import sys
from contextlib import suppress

from telephony import config_load, prompts, secret_store
from telephony.errors import HotlineError
from telephony.paths import Paths
from telephony.pbx import binary, files
from telephony.programs import Keeper, Program, only_one
from telephony.texts import say


def launch(paths: Paths, service: tuple[str, ...] | None = None) -> int:
    """Prepare, then run until a signal says stop; return the exit status."""
    try:
        with only_one(paths.var / "run"):
            programs = _prepare(paths, service or (sys.executable, "-m", "telephony", "run"))
            return Keeper(programs, paths.var / "run", _show).run()
    except HotlineError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:  # while preparing: nothing runs yet
        return 130


def _show(text: str) -> None:
    encoding = (
        sys.stdout.encoding
    )  # of a terminal that may know no Chinese: then escapes, and the calls go on
    text = text.encode(encoding, "backslashreplace").decode(encoding)
    with suppress(OSError):  # the terminal may be gone; the calls are not
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


def _prepare(paths: Paths, service: tuple[str, ...]) -> tuple[Program, Program]:
    config = config_load.load(paths.config)
    phones = (phone.user for phone in config.hotline.test_phones)
    secrets = secret_store.ensure(paths.secrets, (*config.agents, *phones))
    asterisk = binary.find(paths.var)
    main = files.install(paths, config, secrets, asterisk)
    for name in prompts.make(paths, config):
        _show(say("prompts.made", name=name))
    return (
        Program(
            "Asterisk",
            (*asterisk.command, "-C", str(main), "-f"),
            paths.asterisk / "log" / "console.log",
            say("keeper.asterisk_lost"),
        ),
        Program(
            "service",
            service,
            paths.var / "log" / "service.log",
            say("keeper.service_lost"),
            {"HOTLINE_CONFIG": str(paths.config), "HOTLINE_VAR": str(paths.var)},
            tells_ready=True,
            drain=config.revisits.dialer.drain_seconds,
        ),
    )
