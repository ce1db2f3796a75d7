"""Puts the doors together: what the dialplan asks by FastAGI, and what the HTTP API has of the rest."""

from collections.abc import Callable

from telephony.agi.entries import feature, inbound, keep, rating, survey, transfer, unit, wait, waiting
from telephony.agi.server import FastAGIServer
from telephony.agi.session import Session
from telephony.api.services import Services
from telephony.building.vitals import Vitals
from telephony.building.whole import Building
from telephony.callback.case_prompt import CasePrompts
from telephony.callback.survey import Survey
from telephony.floor.inbound import Inbound
from telephony.floor.ratings import Ratings
from telephony.floor.transfers_by_phone import TransfersByPhone
from telephony.secret_store import Secrets
from telephony.welcome import listening

Entries = dict[str, Callable[[Session], None]]


def dialplan_door(building: Building, secrets: Secrets) -> FastAGIServer:
    """Return the FastAGI server with an entry for each question of the dialplan; it does not listen yet."""
    handlers = {**_of_citizens(building), **_of_agents_and_units(building)}
    return FastAGIServer(handlers, secrets.agi_secret, clock=building.ground.reactor)


def _of_citizens(building: Building) -> Entries:
    ground, outbound, room = building.ground, building.outbound, building.lobby.waiting
    config, clock = ground.config, ground.clock
    hotline, code = config.hotline, config.hotline.area_code
    ratings = Ratings(config, ground.database, clock, ground.pulse)
    return {
        "inbound": inbound.entry(_route(building), hotline.routing.preferred_ring_seconds, code),
        "wait": wait.entry(room, clock, code, config.normal_queues),
        "keep": keep.entry(outbound.keep_place, config.calls_back, code),
        "rating": rating.entry(ratings, hotline.rating.key_seconds),
        "survey": survey.entry(_survey(building), config.revisits.survey),
    }


def _of_agents_and_units(building: Building) -> Entries:
    rooms, config = building.rooms, building.ground.config
    by_phone = TransfersByPhone(building.transfers, list(config.queues))
    reasons = config.hotline.agents.reasons
    return {
        "feature": feature.entry(building.roster, reasons, rooms.by_phone, by_phone),
        "transfer": transfer.entry(building.transfers),
        "unit": unit.entry(rooms.hearing, config.threeway),
        "waiting": waiting.entry(rooms.hearing),
    }


def _route(building: Building) -> Inbound:
    ground, told = building.ground, (building.notices.incident_of, building.halls.lines.line_of)
    sides = (building.roster, ground.pulse, building.outbound)
    return Inbound(ground.config, ground.database, ground.clock, *sides, *told)


def _survey(building: Building) -> Survey:
    ground, tapes, cases = building.ground, building.tapes.recordings, CasePrompts(building.spoken)
    book, folder = building.outbound.book, ground.paths.recordings
    return Survey(book, cases, ground.clock, folder, tapes.reason_recorded)


def services_for_api(building: Building, secrets: Secrets, vitals: Vitals) -> Services:
    """Return what the routes of the API use."""
    ground = building.ground
    return Services(
        ground.config,
        secrets,
        ground.clock,
        ground.database,
        building.roster,
        ground.pulse,
        vitals.health,
        listening(ground.config),
        vitals.counters,
        outbound=building.outbound,
        rooms=building.rooms,
        notices=building.notices,
        storm=building.lobby.storm,
        waiting=building.lobby.waiting,
        tapes=building.tapes,
        refusals=building.refusals,
        supervision=building.supervision,
        transfers=building.transfers,
        halls=building.halls,
    )
