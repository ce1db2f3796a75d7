"""How an error becomes an answer: {"error": code, "message": Chinese and English}."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from telephony.api.inputs import MAYBE_PLAIN, OURS, PHONE, PLAIN, WORD
from telephony.errors import (
    BusyError,
    ConfigError,
    EncodingRefusedError,
    HotlineError,
    NotAllowedError,
    UnknownThingError,
)
from telephony.logs import visible
from telephony.texts import Entry, filled, forms, said, say
from telephony.value_faults import fault

log = structlog.get_logger()
BAD, UNKNOWN, CONFLICT, UNAVAILABLE = 422, 404, 409, 503
_CHINESE = re.compile("[\u4e00-\u9fff]")
_FORMS = {PHONE: "form.phone", WORD: "form.word", PLAIN: "form.plain", MAYBE_PLAIN: "form.plain"}


class RefusedInputError(HotlineError):
    """A request says something that cannot be meant; the text names what."""


def person(by: str) -> str:
    """Return who it is; raise RefusedInputError for a name under which the service itself acts."""
    if by.strip().lower() in OURS:
        raise RefusedInputError(say("return.by", by=by))
    return by


@dataclass(frozen=True)
class Field:
    """Where in a request something is wrong, and what."""

    where: str
    what: str


@dataclass(frozen=True)
class Problem:
    """The body of every answer that is an error; `error` is for programs, `message` for people."""

    error: str
    message: str
    fields: list[Field] = field(default_factory=list)


RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": text}
    for status, text in {
        400: "The request cannot be read",
        401: "The token is missing or wrong",
        404: "There is no such thing",
        409: "Not possible in the present state",
        413: "The body is over 64 KB",
        421: "The Host header does not name this machine",
        422: "The request says something that cannot be meant",
        503: "Asterisk or the database does not answer, or too many reports are asked for (Retry-After)",
    }.items()
}
"""What any route may answer besides its own result."""


def answer(status: int, error: str, message: str, fields: Sequence[Field] = ()) -> JSONResponse:
    """Return the answer for a problem."""
    body = {"error": error, "message": message}
    more = {"fields": [vars(each) for each in fields]} if fields else {}
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None  # noqa: PLR2004 - HTTP's own number
    return JSONResponse({**body, **more}, status, headers)


def install(app: FastAPI) -> None:
    """Answer our own errors, wrong requests and the framework's errors in one form."""
    app.add_exception_handler(HotlineError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _of_http)
    for unavailable in (OperationalError, InterfaceError, PoolTimeoutError):
        app.add_exception_handler(unavailable, _of_store)
    app.add_exception_handler(Exception, _unforeseen)


def status_of(error: HotlineError) -> tuple[int, str]:
    """Return the HTTP status and the code of one of our errors."""
    match error:
        case UnknownThingError():
            return UNKNOWN, "unknown"
        case NotAllowedError():
            return CONFLICT, "not_allowed"
        case RefusedInputError() | EncodingRefusedError() | ConfigError():
            return BAD, "refused"
        case BusyError():
            return UNAVAILABLE, "busy"
        case _:
            return UNAVAILABLE, "unavailable"


def wrong_value(error: Any) -> Entry:
    """Return what is wrong with a value of a request, a pattern in words that people read."""
    form = _FORMS.get(error.get("ctx", {}).get("pattern", ""))
    return filled("value.pattern", **forms(form)) if form else fault(error)


def why_of(error: ValidationError) -> str:
    """Return in a line what is wrong with a row of an import: each key with what is to be done."""
    return visible("; ".join(_wrong_of(each) for each in error.errors()))


def _wrong_of(error: Any) -> str:
    where = ".".join(map(str, error["loc"]))
    what = said(wrong_value(error))
    return f"{where}: {what}" if where else what


def _ours(_request: Request, error: Exception) -> JSONResponse:
    status, code = status_of(error) if isinstance(error, HotlineError) else (UNAVAILABLE, "unavailable")
    detail = str(error)
    if not _CHINESE.search(detail):
        detail = say(f"error.{code}", detail=detail)
    refused = answer(status, code, detail)
    if isinstance(error, BusyError):
        refused.headers["Retry-After"] = str(error.retry_after)
    return refused


def _invalid(_request: Request, error: Exception) -> JSONResponse:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    wrong = [(".".join(str(part) for part in each["loc"]), wrong_value(each)) for each in found]
    detail = {form: "; ".join(f"{where}: {what[form]}" for where, what in wrong) for form in ("zh", "en")}
    fields = [Field(where, said(what)) for where, what in wrong]
    return answer(BAD, "refused", say("error.refused_values", **detail), fields)


def _of_http(_request: Request, error: Exception) -> JSONResponse:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == UNKNOWN:
        return answer(status, "unknown", say("error.no_route"))
    refused = answer(status, "refused", say("error.http", status=status))
    for name, value in (getattr(error, "headers", None) or {}).items():
        refused.headers[name] = value
    return refused


def _of_store(_request: Request, error: Exception) -> JSONResponse:
    log.error("api_database_error", why=repr(getattr(error, "orig", error)))
    return answer(UNAVAILABLE, "unavailable", say("error.database"))


def _unforeseen(_request: Request, _error: Exception) -> JSONResponse:
    return answer(500, "internal", say("error.internal"))  # uvicorn logs the traceback
