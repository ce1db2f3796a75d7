"""The HTTP API as one application."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from prometheus_client import CONTENT_TYPE_LATEST

from telephony.api import problems, stream
from telephony.api.access import Guard
from telephony.api.metrics import Metrics
from telephony.api.problems import RESPONSES
from telephony.api.routes import (
    agents,
    alarms,
    blacklist,
    calls,
    cases,
    coordination,
    dialer,
    leader_days,
    no_disturb,
    notices,
    phones,
    queues,
    recordings,
    refusals,
    returns,
    revisit_plans,
    revisit_reports,
    revisits,
    service_reports,
    status,
    storm,
    supervision,
    threeway,
    threeway_commands,
    transfers,
    units,
    waiting,
    worklist,
)
from telephony.api.services import Services

PREFIX = "/api/v1"
RESOURCES = (
    status,
    agents,
    phones,
    calls,
    queues,
    waiting,
    stream,
    blacklist,
    cases,
    alarms,
    returns,
    units,
    recordings,
)
OF_BAD_DAYS = (notices, storm)
OF_FIGURES = (service_reports, refusals)
OF_REVISITS = (dialer, worklist, revisit_reports, revisit_plans, revisits, no_disturb)
"""In this order: a name below /revisits is looked for before it is taken for a revisit's id."""
OF_LEADERS = (leader_days,)
OF_THREE_WAYS = (coordination, threeway_commands, threeway, supervision, transfers)
TITLE = "12345 hotline telephony"
VERSION = "1"

bearer = HTTPBearer(auto_error=False, description="`api_token` in var/secrets.yaml")


def create_app(services: Services) -> FastAPI:
    """Return the application for these services; `app.state.closing` ends every wait when it is set."""
    app = FastAPI(
        title=TITLE, version=VERSION, openapi_url=f"{PREFIX}/openapi.json", docs_url=None, redoc_url=None
    )
    hand_in(app, services)
    problems.install(app)
    api = APIRouter(prefix=PREFIX, dependencies=[Depends(_documented)], responses=RESPONSES)
    for resource in (*RESOURCES, *OF_BAD_DAYS, *OF_FIGURES, *OF_REVISITS, *OF_LEADERS, *OF_THREE_WAYS):
        api.include_router(resource.router)
    app.include_router(api)
    app.include_router(status.probe)
    app.add_api_route("/metrics", _metrics, tags=["status"], response_class=Response)
    app.add_middleware(Guard, token=services.secrets.api_token, address=services.config.hotline.api.address)
    _put_together(app)
    return app


def _put_together(app: FastAPI) -> None:
    """Let FastAPI work out all routes, which it leaves to the first request: that one held up calls too."""
    nowhere = {"type": "http", "method": "GET", "path": "/nowhere", "root_path": "", "headers": []}
    for route in app.routes:
        route.matches({**nowhere, "app": app})


def hand_in(app: FastAPI, services: Services) -> None:
    """Give the application the services it answers from."""
    app.state.services = services
    app.state.metrics = Metrics(services)
    app.state.closing = asyncio.Event()


def _documented(_: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> None:
    """Name the token in the OpenAPI document; the Guard has checked it before any route is looked for."""


async def _metrics(request: Request) -> Response:
    """Return figures for Prometheus."""
    metrics: Metrics = request.app.state.metrics
    return Response(await metrics.text(), media_type=CONTENT_TYPE_LATEST)
