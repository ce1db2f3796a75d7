"""How each call of a leader day stands, and who is still owed an answer (Art. 6). Pure.

Every reading fails towards a person: who is not known to have talked with the leader was not reached, and
stands on the register until somebody has said what became of them.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from telephony.rules.presence import Segment, talk_seconds

WAITING, SCREENING, WITH_LEADER = "waiting", "screening", "with_leader"
ANSWERED, OUT_OF_SCOPE = "answered", "out_of_scope"
NOT_REACHED, NO_NUMBER = "not_reached", "no_number"
CALLED_BACK, HANDED_TO_UNIT = "called_back", "handed_to_unit"
NOTED, ANSWERED_LATER = "noted", "answered_later"
STANDINGS = (
    *(WAITING, SCREENING, WITH_LEADER, ANSWERED, OUT_OF_SCOPE, NOT_REACHED, NO_NUMBER),
    *(CALLED_BACK, HANDED_TO_UNIT, NOTED, ANSWERED_LATER),
)
"""All of them: each call has exactly one, so that their counts add up to the calls that were let in."""
OWED = frozenset({NOT_REACHED, NO_NUMBER})
"""Of who was not reached, and of whom nobody has said yet what became of them."""
OPEN = OWED | {WAITING, SCREENING, WITH_LEADER}
"""A day with one of these cannot be certified."""
ON_THE_SPOT, DISPATCHED = "on_the_spot", "dispatched"
"""What came of a talk with the leader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the ledger and people have told of a call. `met` is: shared a bridge with the citizen.

    `interrupted`: the switch died in it. `left_line`: was sent off as the day ended, or went to a queue that
    is not the leader's; `helped`: an agent talked with them after that. `settled` is what a person has put
    down, `result` what came of a talk with the leader.
    """

    ended: bool
    interrupted: bool = False
    with_leader: bool = False
    met_leader: bool = False
    with_agent: bool = False
    met_agent: bool = False
    left_line: bool = False
    helped: bool = False
    in_scope: bool | None = None
    result: str | None = None
    settled: str | None = None
    has_number: bool = True
    called_since: bool = False
    answered_later: bool = False


def standing(known: Known) -> str:
    """Return how a call stands; the first row that fits holds.

    | what is known                                                              | standing       |
    |----------------------------------------------------------------------------|----------------|
    | goes on, and the leader talks with the citizen now                         | with_leader    |
    | the leader talked with the citizen; if the switch died in the call, only   | answered       |
    | once somebody has put down what came of the talk                           |                |
    | marked out of scope by an agent who talked with them; the switch did not   | out_of_scope   |
    | die in the call                                                            |                |
    | goes on, an agent of the leader's line talks with the citizen              | screening      |
    | goes on, in the leader's line                                              | waiting        |
    | a person has put down what became of them                                  | that           |
    | the same number called again, after this call had ended, on the same day,  | answered_later |
    | and the leader answered that                                               |                |
    | we called the number since, and an agent talked with them                  | called_back    |
    | the number was withheld: nobody can call it                                | no_number      |
    | all else: gave up, was asked and in scope and hung up, was sent off at the | not_reached    |
    | end, went to the normal queue by key 0 (also if an agent there helped      |                |
    | them), was cut off, the switch died, or nobody knows                       |                |
    """
    if not known.ended and known.with_leader:
        return WITH_LEADER
    if known.met_leader and (known.result is not None or not known.interrupted):
        return ANSWERED
    if known.in_scope is False and known.met_agent and not known.interrupted:
        return OUT_OF_SCOPE
    if not known.ended and not known.left_line:
        return SCREENING if known.with_agent else WAITING
    return _unreached(known)


def _unreached(known: Known) -> str:
    if known.settled is not None:
        return known.settled
    if known.answered_later:
        return ANSWERED_LATER
    if known.called_since:
        return CALLED_BACK
    return NOT_REACHED if known.has_number else NO_NUMBER


def may_be_noted(known: Known) -> bool:
    """Tell whether a person's word of what became of them is enough, without a call back or a unit.

    So it is where nobody can be called, and where an agent of ours helped them after they had left the
    leader's line.
    """
    return not known.has_number or known.helped


@dataclass(frozen=True, slots=True)
class Met:
    """With whom of ours a citizen talked: seconds, and when the leader came first."""

    leader: float
    agents: float
    before_leader: float
    """Seconds with other agents before the leader, or with none if the leader never came: all of them."""
    leader_at: datetime | None
    with_leader: bool
    with_agent: bool
    helped: bool
    """By another agent than the leader, after they had left the leader's line."""


def met(together: Iterable[Segment], leader: str, now: datetime, left_at: datetime | None = None) -> Met:
    """Return with whom the citizen of a call talked; a stretch that reaches `now` goes on.

    `left_at` is when they left the leader's line, if they did.

    Only what the citizen heard counts: an agent who asked the leader first, the citizen hearing music, has
    not brought them together.
    """
    mine = [segment for segment in together if _has(segment, "citizen")]
    with_leader = [segment for segment in mine if _has(segment, "agent", {leader})]
    others = [segment for segment in mine if _has(segment, "agent") and segment not in with_leader]
    leader_at = min((segment.started_at for segment in with_leader), default=None)
    before = [segment for segment in others if leader_at is None or segment.started_at < leader_at]
    return Met(
        _seconds(with_leader),
        _seconds(others),
        _seconds(before),
        leader_at,
        any(segment.ended_at >= now for segment in with_leader),
        any(segment.ended_at >= now for segment in others),
        left_at is not None and any(segment.started_at >= left_at for segment in others),
    )


def talked_with_agent(together: Iterable[Segment]) -> bool:
    """Tell whether the citizen and some agent heard each other: of a call that we placed, it was answered."""
    return any(_has(segment, "citizen") and _has(segment, "agent") for segment in together)


def waited(entered_at: datetime, until: datetime, before_leader: float) -> float:
    """Return the seconds somebody waited in all until an instant: talk with screening agents is left out."""
    return round(max(0.0, (until - entered_at).total_seconds() - before_leader), 3)


def _has(segment: Segment, role: str, parties: Collection[str] | None = None) -> bool:
    return any(each.role == role and (parties is None or each.party in parties) for each in segment.parties)


def _seconds(stretches: Collection[Segment]) -> float:
    citizens = {each.leg_id for one in stretches for each in one.parties if each.role == "citizen"}
    return talk_seconds(stretches, citizens)
