"""The recorders of live legs over AMI: silence in a recording, and sound again.

MixMonitorMute with both directions puts silence where the sound would have been (measured): the recording
goes on and keeps its length, so what is at which offset in it stays as it was.
"""

from collections.abc import Iterable
from typing import Any

from twisted.internet.defer import Deferred, DeferredList, FirstError, gatherResults, succeed
from twisted.python.failure import Failure

from telephony.errors import SwitchRefusedError
from telephony.pbx import snapshot
from telephony.pbx.ami import AMIClient

SILENT = "HOTLINE_RECORDING_SILENT"
"""The variable of a channel whose recording is silent (asterisk-conf/extensions.d/45-person-call.conf)."""


class Recorder:
    """Mutes and unmutes what is recorded of legs, each known by its channel's Uniqueid."""

    def __init__(self, ami: AMIClient) -> None:
        self._ami = ami

    def silence(self, legs: Iterable[str], *, silent: bool) -> Deferred[None]:
        """Let the recordings of legs be silent or not, both directions; a leg that has gone is no fault.

        Fails with SwitchUnavailableError, and with SwitchRefusedError if a live leg's could not be.
        """
        wanted = set(legs)
        if not wanted:
            return succeed(None)
        return self._living().addCallback(lambda living: self._mute(wanted & living, silent))

    def _mute(self, legs: set[str], silent: bool) -> Deferred[None]:
        sent = [self._mute_one(leg, silent) for leg in sorted(legs)]
        answers: Deferred[Any] = DeferredList(sent, consumeErrors=True)
        return answers.addCallback(self._looked, sorted(legs))

    def _mute_one(self, leg: str, silent: bool) -> Deferred[Any]:
        # The dialplan must know of it: a recorder that it began anew would be silent no more. Of actions sent
        # one after another each is done before the next.
        told = [("Channel", leg), ("Variable", SILENT), ("Value", "yes" if silent else "")]
        noted = self._ami.action("Setvar", told)
        muted: list[tuple[str, str | int]] = [("Channel", leg), ("Direction", "both"), ("State", int(silent))]
        both = [noted, self._ami.action("MixMonitorMute", muted)]
        answers: Deferred[Any] = gatherResults(both, consumeErrors=True)
        return answers.addErrback(_first)

    def _looked(self, answers: list[tuple[bool, Any]], legs: list[str]) -> Deferred[None]:
        failed = {leg: why for leg, (done, why) in zip(legs, answers, strict=True) if not done}
        if not failed:
            return succeed(None)

        def still(living: set[str]) -> None:
            for leg, why in failed.items():
                if leg in living or not why.check(SwitchRefusedError):
                    why.raiseException()

        return self._living().addCallback(still)

    def _living(self) -> Deferred[set[str]]:
        return snapshot.channels(self._ami).addCallback(lambda found: {channel.leg_id for channel in found})


def _first(failure: Failure) -> Failure:
    """Return what the first of several actions failed with."""
    error = failure.value
    return error.subFailure if isinstance(error, FirstError) else failure
