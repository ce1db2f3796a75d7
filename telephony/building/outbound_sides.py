"""What the dialer dials on and whom it tells, as the switch and the ledger of calls are."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from twisted.internet.defer import Deferred

from telephony.callback.campaign import Order
from telephony.callback.person_calls import MARK
from telephony.callback.returns import Returns
from telephony.pbx.outbound import Outbound as SwitchLine
from telephony.rules.call_story import Happening
from telephony.store import calls as call_rows
from telephony.store import return_calls


class CampaignLine:
    """telephony.callback.campaign.Line on the switch; `words` go with the call of a return, by its id."""

    def __init__(self, line: SwitchLine, words: Callable[[int], Mapping[str, str]]) -> None:
        self._line, self._words = line, words

    @property
    def is_up(self) -> bool:
        """Whether calls can be placed."""
        return self._line.is_up

    def originate(self, order: Order) -> Deferred[Any]:
        """Place a call; fires when the switch has taken the order."""
        return self._line.originate(
            order.attempt_id,
            number=order.number,
            trunk=order.trunk,
            context=order.entry,
            seconds=order.guard,
            words=self._words(order.task_id) if order.entry == Returns.entry else {},
        )

    def living(self) -> Deferred[Mapping[str, str]]:
        """Return the state of every live channel by id."""
        return self._line.living()


class CallLedger:
    """telephony.callback.desk.Ledger on the ledger of calls; `worker` names this installation."""

    def __init__(self, worker: str) -> None:
        self._worker = worker

    def opened(self, connection: sa.Connection, orders: Sequence[Order], now: datetime) -> None:
        """Enter calls that are about to be placed, marked by what they are."""
        for each in orders:
            mark = return_calls.CAMPAIGN if each.entry == Returns.entry else MARK
            numbers = [(each.attempt_id, each.number)]
            call_rows.open_outbound(connection, numbers, now, mark, self._worker)

    def closed(self, connection: sa.Connection, attempt_id: str, outcome: str, now: datetime) -> None:
        """Close a call, unless the switch's journal has told of its end already."""
        call_rows.close_outbound(connection, attempt_id, outcome, now)
        judged = Happening(now, "attempt_judged", f"{attempt_id}:judged", data={"outcome": outcome})
        call_rows.append(connection, [(attempt_id, judged)])
