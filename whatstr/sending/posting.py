"""Posting a claimed batch: at the line's pace, many in flight, stopped within a moment."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from whatstr.audiences.models import OptOutSource
from whatstr.core import clock
from whatstr.core.logs import get_logger
from whatstr.lines.cloud_api import Accepted, CloudApi, GraphError, NotSent, OutcomeUnknown
from whatstr.lines.error_policy import Action, ErrorRule, Scope, is_known, rule_for
from whatstr.lines.reasons import meta_reason
from whatstr.sending import context, progress
from whatstr.sending.bridge import Bridge
from whatstr.sending.claiming import Handed
from whatstr.sending.optouts import source_of
from whatstr.sending.pace import PORTION, Pace, PaceUnavailable
from whatstr.sending.results import Outcome, Result
from whatstr.sending.rows import Candidate
from whatstr.sending.stop import Stop, Trouble
from whatstr.sending.writer import Writer

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
LOOK_SECONDS = 2.0
"""What is in hand for longer is looked at again before it leaves: somebody may have refused."""


@dataclass
class Tally:
    """What this slice has seen of one campaign."""

    accepted: int = 0
    failed: int = 0
    unknown_codes: int = 0
    silent: int = 0


class Poster:
    """Posts rows of one campaign over one line."""

    def __init__(
        self,
        *,
        campaign_id: uuid.UUID,
        line_id: uuid.UUID,
        until: datetime,
        phone_number_id: str,
        api: CloudApi,
        pace: Pace,
        bridge: Bridge,
        writer: Writer,
        stop: Stop,
        welcome: Callable[[Sequence[Candidate]], list[Candidate]],
    ) -> None:
        self._campaign = campaign_id
        self._line = line_id
        self._until = until
        self._number_id = phone_number_id
        self._api = api
        self._pace = pace
        self._bridge = bridge
        self._writer = writer
        self._stop = stop
        self._welcome = welcome
        self._looked = 0.0
        self._ready: deque[Candidate] = deque()
        self._hands: set[asyncio.Task[None]] = set()
        self._busy = 0
        self._room = asyncio.Event()
        self.tally = Tally()
        self.files_died = False
        self.files_renewed = False

    async def post(self, handed: Handed) -> None:
        """Post the rows in order. Returns when the last is on its way. Those not posted when the
        stop comes are given back, and those whose people have refused since."""
        left, self._looked = handed.rows, handed.looked
        try:
            while left and not self._halted:
                if self._is_old:
                    await self._take_back()
                    left = await self._look_again(left)
                    continue
                portion = left[:PORTION]
                grant = await self._bridge.plain(
                    self._pace.take, [one.recipient_ix for one in portion]
                )
                if not grant.allowed:
                    await self._stop.wait(min(max(grant.wait, 0.005), 1.0))
                    continue
                left = left[len(grant.allowed) :]
                for one, allowed in zip(portion, grant.allowed, strict=False):
                    if allowed:
                        self._ready.append(one)
                    else:
                        self._later(one, PAIR_WAIT, code=None)
                await self._hand_out(leave=READY if left else 0)
        except PaceUnavailable:
            log.error("pace.away", campaign=self._campaign)
            self._stop.now()
        finally:
            self.give_back(left)
            await self._take_back()

    async def _look_again(self, handed: Sequence[Candidate]) -> list[Candidate]:
        """Those who may still be written to; the others are given back."""
        self._looked = time.monotonic()
        welcome = await self._bridge.run(self._welcome, handed)
        kept = {one.row for one in welcome}
        self.give_back([one for one in handed if one.row not in kept])
        return welcome

    @property
    def _is_old(self) -> bool:
        return time.monotonic() - self._looked > LOOK_SECONDS

    async def _take_back(self) -> None:
        """Give back what has a token and found no hand."""
        asked, self._ready = self._ready, deque()
        self.give_back(asked)
        await self._not_sent(asked)

    def give_back(self, handed: Iterable[Candidate]) -> None:
        """These rows were taken in hand and are not posted."""
        for one in handed:
            self._write(one, Result.RETURNED)

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
            self.tally.silent = 0
            await self._refused(one, refused.number)
        except NotSent:
            self._later(one, NOT_SENT_WAIT, code=None)
            await self._not_sent([one])
            await self._silent()
        except OutcomeUnknown:
            self._write(one, Result.UNKNOWN)
            await self._silent()
        except BaseException:
            # Whatever it was, the request may have left: never "not sent".
            self._write(one, Result.UNKNOWN)
            raise
        else:
            self.tally.silent = 0
            self.tally.accepted += 1
            self._write(one, Result.ACCEPTED, accepted=accepted)

    # What to do about a refusal ---------------------------------------------------------------

    async def _refused(self, one: Candidate, number: int) -> None:
        if number == MEDIA_UNUSABLE and not self.files_renewed:
            # An uploaded id may have died: uploaded anew once, before the file is called bad.
            self.files_died = True
            self._later(one, timedelta(0), code=None)
            await self._not_sent([one])
            return
        rule = rule_for(number)
        if rule.action is Action.BACKOFF:
            self._again(one, number, _wait(rule, one.attempts))
            await self._slow(rule)
        elif rule.action is Action.TOMORROW:
            self._again(one, number, timedelta(seconds=rule.wait_seconds))
        elif rule.action is Action.LINE:
            self._again(one, number, timedelta(seconds=rule.wait_seconds))
            self._halt(rule)
        elif rule.action in (Action.STOP, Action.OFF, Action.SETUP):
            # Nothing is wrong with the row: it goes again when the cause is mended.
            self._later(one, timedelta(0), code=number)
            self._halt(rule)
        elif rule.action is Action.BUG:
            self._fail(one, number)
            log.error("post.bug", campaign=self._campaign, code=number)
            self._halt(rule)
        else:
            suppressed = rule.action is Action.SUPPRESS
            self._fail(one, number, opt_out=source_of(number) if suppressed else None)
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
        self.tally.silent += 1
        if self.tally.silent == MAX_SILENT:
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
        self.tally.unknown_codes += not is_known(number)
        seen = self.tally
        if seen.unknown_codes == UNKNOWN_CODES:
            log.error("meta.unknown_codes", campaign=self._campaign, code=number)
            self._stop.now(Trouble("unknown_codes", Action.STOP))
        elif seen.accepted == 0 and seen.failed == FIRST_ROWS:
            self._stop.now(Trouble("all_rows_fail", Action.STOP))

    # Outcomes ---------------------------------------------------------------------------------

    def _again(self, one: Candidate, number: int, wait: timedelta) -> None:
        """Once more after the wait, if the rule and the campaign's time allow it."""
        if one.attempts >= rule_for(number).tries or clock.now() + wait >= self._until:
            self._fail(one, number)
        else:
            self._later(one, wait, code=number)

    def _fail(self, one: Candidate, number: int, *, opt_out: OptOutSource | None = None) -> None:
        self.tally.failed += opt_out is None
        self._write(one, Result.FAILED, code=number, opt_out=opt_out)

    def _later(self, one: Candidate, wait: timedelta, *, code: int | None) -> None:
        self._write(one, Result.LATER, code=code, not_before=clock.now() + wait)

    def _write(
        self,
        one: Candidate,
        result: Result,
        *,
        code: int | None = None,
        not_before: datetime | None = None,
        accepted: Accepted | None = None,
        opt_out: OptOutSource | None = None,
    ) -> None:
        self._writer.add(Outcome(one, result, clock.now(), code, not_before, accepted, opt_out))


def _rest_account(line_id: uuid.UUID, seconds: float) -> None:
    """No message over any line of the same account of Meta for so long."""
    for one in progress.lines_of_account(line_id):
        Pace(context.pace_redis(), one, rate=1).block(seconds)


def _wait(rule: ErrorRule, attempts: int) -> timedelta:
    """Grows fourfold for a person (Meta: 131056, "4^x seconds"), doubles otherwise."""
    factor = 4 if rule.scope is Scope.RECIPIENT else 2
    return timedelta(seconds=min(rule.wait_seconds * factor ** (attempts - 1), 3_600))
