"""Passwords and tokens: made once at the first start, kept in var/secrets.yaml for the owner only."""

import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import yaml


def _token() -> str:
    return secrets.token_urlsafe(24)


def _password() -> str:
    # Typed by hand into a desk phone now and then: letters and digits only, 119 bits.
    alphabet = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    return "".join(secrets.choice(alphabet) for _ in range(20))


@dataclass(frozen=True)
class Secrets:
    """What must never stand in a log or in config/."""

    api_token: str = field(default_factory=_token)
    ami_secret: str = field(default_factory=_token)
    agi_secret: str = field(default_factory=_password)
    sip: dict[str, str] = field(default_factory=dict)


def ensure(path: Path, sip_users: Iterable[str]) -> Secrets:
    """Return the secrets in `path`, making what is missing; the file is written whole or not at all."""
    known = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
    sip = dict(known.pop("sip", {}))
    missing = [user for user in sip_users if user not in sip]
    sip.update({user: _password() for user in missing})
    result = Secrets(**known, sip=sip)
    if missing or not path.exists():
        _write(path, result)
    return result


def _write(path: Path, value: Secrets) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        yaml.safe_dump(vars(value), file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
