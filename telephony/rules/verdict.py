"""What became of one outbound call, judged from stored evidence alone (Art. 17, the outcome table).

A call counts as unanswered only if every part of it is proved; what is not proved is `unknown`, and that
never counts. The order in which evidence came, and how often the same came, make no difference.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

VERSION = "verdict-1"
"""Stored with each decision: which judgement made it."""

Datum = str | int | float | None


class Outcome(StrEnum):
    """How an attempt ended; terminal, and never changed again."""

    ANSWERED = "answered"
    UNANSWERED = "unanswered"
    BUSY = "busy"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    INVALID_NUMBER = "invalid_number"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Kind(StrEnum):
    """What a piece of evidence says."""

    SENT = "sent"  # the row that says 'dialling' was committed; the switch is asked right after
    NOT_SENT = "not_sent"  # ... but was not asked: nothing rang
    SWITCH_REFUSED = "switch_refused"  # ... and said no: nothing rang
    ALERTING = "alerting"  # DialState RINGING or PROGRESS
    RELEASED = "released"  # HangupRequest: the far end or the network let go, not our side
    DIAL_END = "dial_end"  # dialling is over, whoever ended it
    RESPONSE = "response"  # OriginateResponse
    UP = "up"  # somebody, or something, answered
    MACHINE = "machine"  # what answered does not sound like a person
    KEY = "key"  # a key was pressed: a person is there
    RATED = "rated"  # the citizen's answer
    PERSON = "person"  # the citizen wants to talk to somebody
    HANGUP = "hangup"  # the channel is gone
    ADOPTED = "adopted"  # found alive by a service that came back
    UNWITNESSED = "unwitnessed"  # ended while nobody watched


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact about an attempt; `key` makes a second telling harmless.

    `at` is the switch's own time of the event. `mono` are seconds that no setting of a clock can change,
    comparable where `boot` is the same: a jump of the clock must not make a ring longer. They are taken when
    it is heard of; `late` in `data` is how many seconds after `at` that was.
    """

    kind: str
    at: datetime
    key: str
    mono: float | None = None
    boot: str = ""
    data: Mapping[str, Datum] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """What the evidence proves. `counts`: one of the two calls of Art. 17. Seconds are seconds.

    `sip_code` is the network's final answer, None if it gave none; `cause` is Q.850. `silent`: nothing at all
    came back, not even to our asking: a trunk that is dead.
    """

    outcome: Outcome
    counts: bool = False
    why: str = ""
    alerted: bool = False
    voicemail: bool = False
    unsent: bool = False
    silent: bool = False
    ring_seconds: float = 0.0
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    sip_code: int | None = None
    cause: int | None = None
    rating: str | None = None


_BUSY = frozenset({486, 600})
_REFUSED = frozenset({603})
_INVALID = frozenset({404, 410, 484, 604})
_NO_ANSWER = frozenset({480, 408})
_BY_CAUSE = {
    17: Outcome.BUSY,
    21: Outcome.REFUSED,
    20: Outcome.UNREACHABLE,
    **dict.fromkeys((1, 22, 28), Outcome.INVALID_NUMBER),
    **dict.fromkeys((18, 19), Outcome.UNANSWERED),
}
_BY_A_LISTENER = (Kind.UP, Kind.RATED, Kind.KEY, Kind.MACHINE)
"""Each of them alone proves an answer: the others may have been lost with the connection."""
DISSATISFIED = "dissatisfied"
"""The one rating that a wish for a person leaves as it is: the survey itself offered one."""
TIMED_OUT, ANSWERED = 3, 4
"""OriginateResponse's reasons: our guard timer ended it; somebody answered."""
_NOTHING = 1e-7
"""Seconds: what a difference of floating-point numbers may lack."""
ENDS_WITHIN = "ends_within"
"""What SENT says: seconds in which the ring will have ended, whatever happens."""
UNDIALABLE = "undialable"
"""What SWITCH_REFUSED says of a number that no dial string can be made of."""
RING_FLOOR = "ring_floor"
"""What SENT says: seconds that the ring had to last by the rules of that day."""
TIMED_OUT_CODE = 408
TIMER_B = 31.0
"""Seconds, less a little: after 32 without any answer the switch itself says 408 (RFC 3261, timer B)."""


class _Seen:
    """The evidence by kind, the earliest of each first."""

    def __init__(self, evidence: Iterable[Evidence]) -> None:
        self._all = list(evidence)
        self._by_kind: dict[str, Evidence] = {}
        self._ringing: Evidence | None = None
        for each in sorted(self._all, key=lambda one: (one.at, one.key), reverse=True):
            self._by_kind[each.kind] = each
            if each.kind == Kind.ALERTING and each.data.get("status") == "RINGING":
                self._ringing = each

    def get(self, kind: Kind) -> Evidence | None:
        return self._by_kind.get(kind)

    @property
    def alerting(self) -> Evidence | None:
        """The first RINGING; PROGRESS, which may be an announcement, only where no RINGING came."""
        return self._ringing or self.get(Kind.ALERTING)

    def has(self, kind: Kind) -> bool:
        return kind in self._by_kind

    def first(self, kinds: Iterable[Kind]) -> Evidence | None:
        found = [self._by_kind[kind] for kind in kinds if kind in self._by_kind]
        return min(found, key=lambda each: (each.at, each.key), default=None)

    def after(self, kind: Kind, other: Evidence) -> bool:
        return any(each.kind == kind and each.at >= other.at for each in self._all)

    def number(self, kind: Kind, name: str) -> int | None:
        found = self._by_kind.get(kind)
        value = found.data.get(name) if found else None
        return value if isinstance(value, int) else None


def judge(evidence: Iterable[Evidence], ring_floor: float) -> Finding:
    """Return what this evidence proves; `ring_floor` in seconds is what a ring must last to count."""
    told = list(evidence)
    seen = _Seen(told)
    hangup = seen.get(Kind.HANGUP)
    alerted = seen.has(Kind.ALERTING)
    ended_at = hangup.at if hangup else None
    if any(map(seen.has, _BY_A_LISTENER)) or seen.number(Kind.RESPONSE, "reason") == ANSWERED:
        return _answered(seen, told, ended_at)
    nothing = seen.get(Kind.NOT_SENT) or seen.get(Kind.SWITCH_REFUSED)
    if nothing is not None and not alerted:
        undialable = nothing.data.get("why") == UNDIALABLE
        outcome = Outcome.INVALID_NUMBER if undialable else Outcome.FAILED
        unsent = undialable or nothing.kind == Kind.NOT_SENT  # no fault of the trunk's
        return Finding(outcome, why="nothing was dialled", unsent=unsent, ended_at=nothing.at)
    if seen.has(Kind.UNWITNESSED):
        return Finding(Outcome.UNKNOWN, why="nobody saw its end", alerted=alerted)
    if hangup is None:
        return _never_was(seen, alerted=alerted)
    ring = ring_time(seen.alerting, hangup)
    return _not_answered(seen, hangup, ring, ring_floor, alerted=alerted)


def _never_was(seen: _Seen, *, alerted: bool) -> Finding:
    """Judge a call of which no channel's end was told: the switch says Failure and makes none."""
    failed = seen.get(Kind.RESPONSE)
    if failed is None or alerted:
        return Finding(Outcome.UNKNOWN, why="nobody saw its end", alerted=alerted)
    return Finding(Outcome.FAILED, why="the switch could not dial", ended_at=failed.at)


def _since_sent(seen: _Seen, hangup: Evidence) -> float:
    return ring_time(seen.get(Kind.SENT), hangup)


def _answered(seen: _Seen, told: list[Evidence], ended_at: datetime | None) -> Finding:
    up = seen.get(Kind.UP) or seen.first(_BY_A_LISTENER) or seen.get(Kind.RESPONSE)
    ratings = [each for each in told if each.kind == Kind.RATED]
    last = max(ratings, key=lambda each: (each.at, each.key), default=None)
    rating = str(last.data["rating"]) if last else None
    if last is not None and rating != DISSATISFIED and seen.after(Kind.PERSON, last):
        rating = None  # asked for a person as the answer was read back: that person will ask again
    machine = seen.has(Kind.MACHINE) and not seen.has(Kind.KEY) and rating is None
    return Finding(
        Outcome.UNREACHABLE if machine else Outcome.ANSWERED,
        why="a machine answered" if machine else "rated" if rating else "answered, not rated",
        alerted=True,
        voicemail=machine,
        ring_seconds=ring_time(seen.alerting, up),
        answered_at=up.at if up else None,
        ended_at=ended_at,
        cause=seen.number(Kind.HANGUP, "cause"),
        rating=rating,
    )


def _not_answered(seen: _Seen, hangup: Evidence, ring: float, ring_floor: float, *, alerted: bool) -> Finding:
    cause = seen.number(Kind.HANGUP, "cause")
    guard = seen.number(Kind.RESPONSE, "reason") == TIMED_OUT and not seen.has(Kind.DIAL_END)
    code = None if guard else seen.number(Kind.HANGUP, "sip_code")
    # Only HangupRequest proves that the network let go: our own hangup brings DialEnd NOANSWER as well, and
    # may bring cause 19 and 480.
    ours = not guard and not seen.has(Kind.RELEASED)
    outcome = _outcome(code, cause, ours=ours, guard=guard, alerted=alerted)
    long_enough = ring >= ring_floor
    return Finding(
        outcome,
        counts=outcome is Outcome.UNANSWERED and long_enough,
        why=_why(outcome, code, guard=guard, alerted=alerted, long_enough=long_enough, ours=ours),
        alerted=alerted,
        silent=code == TIMED_OUT_CODE and not alerted and _since_sent(seen, hangup) >= TIMER_B,
        ring_seconds=ring if alerted else 0.0,
        ended_at=hangup.at,
        sip_code=code,
        cause=cause,
    )


def _outcome(code: int | None, cause: int | None, *, ours: bool, guard: bool, alerted: bool) -> Outcome:
    if ours:  # a fault of ours: never counted; if it rang, the citizen is not rung again at once
        return Outcome.UNKNOWN if alerted else Outcome.FAILED
    no_answer = Outcome.UNANSWERED if alerted else Outcome.UNREACHABLE
    if guard:
        return no_answer
    found = _by_code(code, cause) if code is not None else _BY_CAUSE.get(cause or 0, Outcome.FAILED)
    return no_answer if found is Outcome.UNANSWERED else found


def _by_code(code: int, cause: int | None) -> Outcome:
    # The code before the cause: Asterisk gives 403 the cause 21 of a refusal, and 483 the 19 of no answer.
    if code in _NO_ANSWER:  # both must say so: only the two together count
        return _BY_CAUSE.get(cause or 0, Outcome.FAILED)
    for codes, outcome in (
        (_BUSY, Outcome.BUSY),
        (_REFUSED, Outcome.REFUSED),
        (_INVALID, Outcome.INVALID_NUMBER),
    ):
        if code in codes:
            return outcome
    return Outcome.FAILED


def _why(  # noqa: PLR0913 - what the sentence is made of
    outcome: Outcome, code: int | None, *, guard: bool, alerted: bool, long_enough: bool, ours: bool
) -> str:
    if ours:
        return "our side ended it"
    end = "our guard timer" if guard else f"the network's {code}" if code else "the network"
    if outcome is not Outcome.UNANSWERED:
        return f"{end} without alerting" if not alerted else f"{end} after alerting"
    return f"rang to {end}" if long_enough else f"rang shorter than the floor, then {end}"


def end_of(found: Finding, evidence: Iterable[Evidence]) -> Evidence | None:
    """Return the evidence of a call's end; of one that nobody saw the latest moment that it can have been."""
    seen = _Seen(evidence)
    hangup, sent = seen.get(Kind.HANGUP), seen.get(Kind.SENT)
    within = sent.data.get(ENDS_WITHIN) if sent is not None else None
    if hangup or found.outcome is not Outcome.UNKNOWN or sent is None or sent.mono is None or within is None:
        return hangup
    return replace(sent, mono=sent.mono + float(within))


def ring_time(start: Evidence | None, end: Evidence | None) -> float:
    """Return the seconds between two facts, by the shorter of both clocks; 0 without both, never below 0."""
    if start is None or end is None:
        return 0.0
    seconds = (end.at - start.at).total_seconds()
    if start.boot and start.boot == end.boot and start.mono is not None and end.mono is not None:
        seconds = min(seconds, end.mono - start.mono - _late(end))
    return max(0.0, math.floor((seconds + _NOTHING) * 1000) / 1000)  # to round it up would make a ring longer


def _late(end: Evidence) -> float:
    """Return how many seconds after the end it was heard of: its `mono` is that of the hearing."""
    late = end.data.get("late")
    return float(late) if isinstance(late, int | float) else 0.0


def digest(evidence: Iterable[Evidence]) -> str:
    """Return what identifies this evidence, whatever order it is given in: SHA-256, 64 hex digits."""
    facts = sorted([e.kind, e.at.timestamp(), e.key, e.mono, e.boot, dict(e.data)] for e in evidence)
    text = json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
