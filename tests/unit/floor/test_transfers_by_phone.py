"""Feature codes of transfers: which digits stand for what."""

import pytest
from twisted.internet.defer import succeed

from telephony.errors import UnknownThingError
from telephony.floor.transfers_by_phone import TransfersByPhone


class FakeTransfers:
    """Notes what it is told; the agent's transfer is number 7."""

    def __init__(self):
        self.told = []

    def given_by(self, agent):
        self.told.append(("given_by", agent))
        return succeed("7")

    def __getattr__(self, what):
        def note(*words):
            self.told.append((what, *words))
            return succeed(None)

        return note


@pytest.mark.parametrize(
    ("digits", "told"),
    [
        ("28002", [("of_agent", "8001", "agent:8002", "blind")]),
        ("38002", [("of_agent", "8001", "agent:8002", "attended")]),
        ("4202", [("of_agent", "8001", "unit:202", "blind")]),
        ("5202", [("of_agent", "8001", "unit:202", "attended")]),
        ("62", [("of_agent", "8001", "queue:second", "blind")]),
        ("0", [("given_by", "8001"), ("cancel", "7", "8001")]),
        ("1", [("given_by", "8001"), ("complete", "7", "8001")]),
    ],
)
def test_each_code_does_what_it_stands_for(digits, told):
    transfers = FakeTransfers()
    TransfersByPhone(transfers, ["first", "second"]).command("8001", digits)
    assert transfers.told == told


@pytest.mark.parametrize("digits", ["", "2", "7", "78002", "00", "60", "63"])
def test_other_digits_are_refused_and_do_nothing(digits):
    transfers = FakeTransfers()
    with pytest.raises(UnknownThingError):
        TransfersByPhone(transfers, ["first", "second"]).command("8001", digits)
    assert transfers.told == []
