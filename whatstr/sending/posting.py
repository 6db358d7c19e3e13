"""Posting a claimed batch: at the line's pace, many in flight, stopped within a moment."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import timedelta

from whatstr.core.logs import get_logger
from whatstr.lines.cloud_api import CloudApi, GraphError, NotSent, OutcomeUnknown
from whatstr.lines.error_policy import Action, ErrorRule, Scope, is_known, rule_for
from whatstr.lines.reasons import meta_reason
from whatstr.sending import context, progress
from whatstr.sending.bridge import Bridge
from whatstr.sending.claiming import Handed
from whatstr.sending.optouts import source_of
from whatstr.sending.outcomes import Outcomes
from whatstr.sending.pace import PORTION, Pace, PaceUnavailable
from whatstr.sending.rows import Candidate
from whatstr.sending.stop import Stop, Trouble

log = get_logger(__name__)

IN_FLIGHT = 500
"""A line of 1,000 messages a second with answers after half a second; slower lines need fewer."""
READY = 50
"""With fewer rows ready the next tokens are asked for, so that no hand has to wait for them."""
PAIR_WAIT = timedelta(seconds=7)
NOT_SENT_WAIT = timedelta(seconds=10)
MAX_SILENT = 20
"""So many calls in a row without an answer: something stands between Meta and us."""
SILENT_REST = 30.0
FIRST_ROWS = 20
"""When the first so many all fail, the fault is not in the rows."""
UNKNOWN_CODES = 20
MEDIA_UNUSABLE = 131053
LOOK_SECONDS = 1.0
"""What is in hand for longer is looked at again before it leaves: somebody may have refused."""


class Poster:
    """Posts rows of one campaign over one line."""

    def __init__(
        self,
        *,
        campaign_id: uuid.UUID,
        line_id: uuid.UUID,
        phone_number_id: str,
        api: CloudApi,
        pace: Pace,
        bridge: Bridge,
        outcomes: Outcomes,
        stop: Stop,
        welcome: Callable[[Sequence[Candidate]], list[Candidate]],
    ) -> None:
        self._campaign = campaign_id
        self._line = line_id
        self._number_id = phone_number_id
        self._api = api
        self._pace = pace
        self._bridge = bridge
        self._outcomes = outcomes
        self._stop = stop
        self._welcome = welcome
        self._looked = 0.0
        self._ready: deque[Candidate] = deque()
        self._hands: set[asyncio.Task[None]] = set()
        self._busy = 0
        self._room = asyncio.Event()
        self._silences = 0
        self._unknown_codes = 0
        self.files_died = False
        self.files_renewed = False

    async def post(self, handed: Handed) -> None:
        """Post the rows in order. Returns when the last is on its way. Those not posted when the
        stop comes are given back, and those whose people have refused since."""
        left, self._looked = handed.rows, handed.looked
        try:
            while (left or self._ready) and not self._halted:
                if self._is_old:
                    left = await self._look_again(left)
                elif left:
                    left = await self._ask(left)
                await self._hand_out(leave=READY if left else 0)
        except PaceUnavailable:
            log.error("pace.away", campaign=self._campaign)
            self._stop.now()
        finally:
            self.give_back(left)
            await self._keep_ready([])

    async def _ask(self, left: list[Candidate]) -> list[Candidate]:
        """Ask tokens for the next of these, or wait for them; gives those that have none yet."""
        portion = left[:PORTION]
        grant = await self._bridge.plain(self._pace.take, [one.recipient_ix for one in portion])
        if not grant.allowed:
            await self._stop.wait(min(max(grant.wait, 0.005), 1.0))
        for one, allowed in zip(portion, grant.allowed, strict=False):
            if allowed:
                self._ready.append(one)
            else:
                self._outcomes.postponed(one, PAIR_WAIT, code=None)
        return left[len(grant.allowed) :]

    async def _look_again(self, left: Sequence[Candidate]) -> list[Candidate]:
        """Those who may still be written to; the others are given back, with a token or without."""
        began = time.monotonic()
        welcome = await self._bridge.run(self._welcome, [*self._ready, *left])
        self._looked = began
        rows = {one.row for one in welcome}
        await self._keep_ready([one for one in self._ready if one.row in rows])
        self.give_back(one for one in left if one.row not in rows)
        return [one for one in left if one.row in rows]

    async def _keep_ready(self, kept: Sequence[Candidate]) -> None:
        """Give back what else has a token."""
        asked, self._ready = self._ready, deque(kept)
        rows = {one.row for one in kept}
        gone = [one for one in asked if one.row not in rows]
        self.give_back(gone)
        await self._not_sent(gone)

    @property
    def _is_old(self) -> bool:
        return time.monotonic() - self._looked > LOOK_SECONDS

    def give_back(self, handed: Iterable[Candidate]) -> None:
        """These rows were taken in hand and are not posted."""
        for one in handed:
            self._outcomes.returned(one)

    async def land(self) -> None:
        """Wait until every row on its way has an outcome."""
        if self._hands:
            await asyncio.wait(self._hands)

    @property
    def _halted(self) -> bool:
        return self._stop.is_set or self.files_died

    @property
    def _must_wait(self) -> bool:
        return self._halted or self._is_old

    async def _hand_out(self, *, leave: int) -> None:
        """Have what is ready posted; returns when no more than so many are left, or none
        may go on."""
        while self._ready and not self._must_wait:
            for _ in range(min(len(self._ready), IN_FLIGHT - self._busy)):
                self._busy += 1
                hand = asyncio.create_task(self._hand())
                self._hands.add(hand)
                hand.add_done_callback(self._hands.discard)
            if len(self._ready) <= leave:
                return
            self._room.clear()
            await self._room.wait()

    async def _hand(self) -> None:
        """Post what is ready, one after the other: a task for each message would cost more than
        the rest of what is done for it."""
        try:
            while self._ready and not self._must_wait:
                one = self._ready.popleft()
                if len(self._ready) <= READY:
                    self._room.set()
                await self._send(one)
        except Exception as error:
            log.error("post.failed", campaign=self._campaign, error=type(error).__name__)
            self._stop.now()
        finally:
            self._busy -= 1
            self._room.set()

    async def _send(self, one: Candidate) -> None:
        try:
            accepted = await self._api.send(self._number_id, one.body)
        except GraphError as refused:
            self._silences = 0
            await self._refused(one, refused.number)
        except NotSent:
            self._outcomes.postponed(one, NOT_SENT_WAIT, code=None)
            await self._not_sent([one])
            await self._silent()
        except OutcomeUnknown:
            self._outcomes.unknown(one)
            await self._silent()
        except BaseException:
            # Whatever it was, the request may have left: never "not sent".
            self._outcomes.unknown(one)
            raise
        else:
            self._silences = 0
            self._outcomes.accepted(one, accepted)

    # What to do about a refusal ---------------------------------------------------------------

    async def _refused(self, one: Candidate, number: int) -> None:
        if number == MEDIA_UNUSABLE and not self.files_renewed:
            # An uploaded id may have died: uploaded anew once, before the file is called bad.
            self.files_died = True
            self._outcomes.postponed(one, timedelta(0), code=None)
            await self._not_sent([one])
            return
        rule = rule_for(number)
        if rule.action is Action.BACKOFF:
            self._outcomes.again(one, number, _wait(rule, one.attempts))
            await self._slow(rule)
        elif rule.action is Action.TOMORROW:
            self._outcomes.again(one, number, timedelta(seconds=rule.wait_seconds))
        elif rule.action is Action.LINE:
            self._outcomes.again(one, number, timedelta(seconds=rule.wait_seconds))
            self._halt(rule)
        elif rule.action in (Action.STOP, Action.OFF, Action.SETUP):
            # Nothing is wrong with the row: it goes again when the cause is mended.
            self._outcomes.postponed(one, timedelta(0), code=number)
            self._halt(rule)
        elif rule.action is Action.BUG:
            self._outcomes.failed(one, number)
            log.error("post.bug", campaign=self._campaign, code=number)
            self._halt(rule)
        else:
            suppressed = rule.action is Action.SUPPRESS
            self._outcomes.failed(one, number, opt_out=source_of(number) if suppressed else None)
        self._count(number)
        if rule.scope is not Scope.RECIPIENT:
            await self._not_sent([one])

    async def _not_sent(self, people: Collection[Candidate]) -> None:
        """Their mark of "just written to" is taken back, so that a second try is not held up."""
        if people:
            try:
                await self._bridge.plain(self._pace.forget, [one.recipient_ix for one in people])
            except PaceUnavailable:
                self._stop.now()

    async def _slow(self, rule: ErrorRule) -> None:
        try:
            if rule.scope is Scope.LINE:
                await self._bridge.plain(self._pace.slow_down)
            elif rule.scope is Scope.APP:
                await self._bridge.plain(self._pace.rest_app, rule.wait_seconds)
            elif rule.scope is Scope.ACCOUNT:
                await self._bridge.run(_rest_account, self._line, rule.wait_seconds)
        except PaceUnavailable:
            self._stop.now()

    async def _silent(self) -> None:
        self._silences += 1
        if self._silences == MAX_SILENT:
            log.error("meta.silent", campaign=self._campaign, calls=MAX_SILENT)
            try:
                await self._bridge.plain(self._pace.block, SILENT_REST)
            finally:
                self._stop.now()

    def _halt(self, rule: ErrorRule) -> None:
        self._stop.now(
            Trouble(meta_reason(rule.code), rule.action, rule.scope, rule.code, rule.wait_seconds)
        )

    def _count(self, number: int) -> None:
        self._unknown_codes += not is_known(number)
        if self._unknown_codes == UNKNOWN_CODES:
            log.error("meta.unknown_codes", campaign=self._campaign, code=number)
            self._stop.now(Trouble("unknown_codes", Action.STOP))
        elif self._outcomes.all_failed == FIRST_ROWS:
            self._stop.now(Trouble("all_rows_fail", Action.STOP))


def _rest_account(line_id: uuid.UUID, seconds: float) -> None:
    """No message over any line of the same account of Meta for so long."""
    for one in progress.lines_of_account(line_id):
        Pace(context.pace_redis(), one, rate=1).block(seconds)


def _wait(rule: ErrorRule, attempts: int) -> timedelta:
    """Grows fourfold for a person (Meta: 131056, "4^x seconds"), doubles otherwise."""
    factor = 4 if rule.scope is Scope.RECIPIENT else 2
    return timedelta(seconds=min(rule.wait_seconds * factor ** (attempts - 1), 3_600))
