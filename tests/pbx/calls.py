"""What several tests do with calls."""


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
