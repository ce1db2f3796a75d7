"""Passwords and tokens: made once at the first start, kept in var/secrets.yaml for the owner only."""

import os
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from telephony.errors import ConfigError
from telephony.texts import forms, say

_SAFE = re.compile(r"[A-Za-z0-9._~@%+=/-]{1,80}")
"""What stands in a line of Asterisk's configuration, and in an expression of its dialplan, as it is."""


def _token() -> str:
    return secrets.token_urlsafe(24)


def _password() -> str:
    # Typed by hand into a desk phone now and then: letters and digits only, 119 bits.
    alphabet = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    return "".join(secrets.choice(alphabet) for _ in range(20))


@dataclass(frozen=True)
class Secrets:
    """What must never stand in a log or in config/; so none of it is in what `repr` shows."""

    api_token: str = field(default_factory=_token, repr=False)
    ami_secret: str = field(default_factory=_token, repr=False)
    agi_secret: str = field(default_factory=_password, repr=False)
    sip: dict[str, str] = field(default_factory=dict, repr=False)


def ensure(path: Path, sip_users: Iterable[str]) -> Secrets:
    """Return the secrets in `path`, making what is missing; the file is written whole or not at all.

    Raise ConfigError if the file is not ours to understand: new passwords would lock every phone out.
    """
    known = _read(path) if path.exists() else {}
    sip = dict(known.get("sip", {}))
    sip.update({user: _password() for user in sip_users if user not in sip})
    result = Secrets(**{**known, "sip": sip})
    if vars(result) != known:
        _write(path, result)
    return result


def _read(path: Path) -> dict[str, Any]:
    try:
        known = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError) as error:
        raise _unusable(path, "secrets.no_yaml") from error  # the YAML's own words would show a secret
    if not isinstance(known, dict) or not set(known) <= {name.name for name in fields(Secrets)}:
        raise _unusable(path, "secrets.foreign")
    sip = known.get("sip", {})
    if not isinstance(sip, dict) or not all(_is_secret(user) for user in sip):
        raise _unusable(path, "secrets.unquoted")
    if not all(
        _is_secret(secret) for secret in (*sip.values(), *(known[key] for key in known if key != "sip"))
    ):
        raise _unusable(path, "secrets.unfit")
    if path.stat().st_mode & 0o077:  # a copy put back from somewhere
        path.chmod(0o600)
    return known


def _is_secret(value: object) -> bool:
    return isinstance(value, str) and _SAFE.fullmatch(value) is not None


def _unusable(path: Path, why: str) -> ConfigError:
    return ConfigError(f"{path}:1: (file): {say('secrets.unusable', **forms(why))}")


def _write(path: Path, value: Secrets) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    temporary.unlink(missing_ok=True)  # left by a crash, perhaps with other rights
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        yaml.safe_dump(vars(value), file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
