"""What several tests do with calls."""

import array
import io
import wave


def call_through(system, called="12315", *, agent="8001", **plan):
    """Place a call that an agent answers; return phone, citizen and the call's id."""
    phone = system.agent(agent)
    mark = system.service.mark()
    citizen = system.citizen(called, **plan)
    phone.wait_event("CALL_INCOMING")
    phone.answer()
    event = system.service.wait_event("answered", mark, agent=agent)
    return phone, citizen, event["call_id"]


def ended(system, call_id, mark):
    """Return a call once its end is in the ledger."""
    system.service.wait_event("ended", mark, call_id=call_id)
    return system.service.get(f"/calls/{call_id}")


def recorded(service, call_id, mark):
    """Return what is on a call's recording, as 16-bit samples, once it is sealed; as a person hears it."""
    sealed = service.wait_event("recording_sealed", mark, call=call_id)["data"]["recording"]
    answer = service.http.post(f"/recordings/{sealed}/play", json={"by": "李敏", "why": "投诉核查"})
    assert answer.status_code == 200, answer.text
    with wave.open(io.BytesIO(answer.content)) as file:
        return array.array("h", file.readframes(file.getnframes()))
