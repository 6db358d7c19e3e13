"""What becomes of a message after Meta took it: statuses, replies, opt-outs, in their time."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from contextlib import suppress
from typing import Any

from whatstr.simulator.meta import values
from whatstr.simulator.meta.behaviours import is_opt_out
from whatstr.simulator.meta.envelopes import Update
from whatstr.simulator.meta.model import Line, Message, Template
from whatstr.simulator.meta.webhooks import Webhooks
from whatstr.simulator.meta.world import World

_HOUR = 3_600.0
_IDLE = 0.1
_LOOK = 0.05


class Outcomes:
    """Plans the steps of each message and takes them when they are due."""

    def __init__(self, world: World, webhooks: Webhooks) -> None:
        self.world = world
        self.webhooks = webhooks
        webhooks.on_ack = self.acknowledged
        self._heap: list[tuple[float, int, Message]] = []
        self._number = itertools.count()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.planned = 0
        self._looked = 0.0

    async def start(self) -> None:
        """Take up the plans that an earlier run left, and begin."""
        for message in self.world.messages.values():
            if message.plan and message.status != "held":
                self._schedule(message)
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop; the plans stay in the store."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def forget(self) -> None:
        """Drop all plans."""
        self._heap.clear()
        self.planned = 0

    # Planning -------------------------------------------------------------------------------

    def plan(self, message: Message, *, fail: int = 0, details: str = "") -> None:
        """Decide what will become of a message; `fail` is a code decided already."""
        settings, dice = self.world.settings, self.world.dice
        doing = self.world.behaviour(message.person)
        at = time.time()
        steps: list[list[Any]] = []

        def step(wait_ms: int, action: str, argument: str = "") -> None:
            nonlocal at
            at += wait_ms / 1000 * (0.5 + dice.random())
            steps.append([at, action, argument])

        marketing = message.category == "MARKETING"
        if not fail and doing.error and (marketing or not doing.marketing_only):
            fail = doing.error
        if fail and not doing.revives:
            message.code, message.details = fail, details
            step(settings.failed_ms, "failed")
        else:
            step(settings.sent_ms, "sent")
            if fail:
                message.code = fail
                step(settings.failed_ms, "failed")
            if doing.delivered:
                self._plan_delivery(message, step)
        message.plan = steps
        self._schedule(message)

    def _plan_delivery(self, message: Message, step: Any) -> None:
        settings, dice = self.world.settings, self.world.dice
        doing = self.world.behaviour(message.person)
        reads = doing.read
        if reads is None:
            reads = message.person[-1:] in "02468"
        lost = reads and dice.random() < settings.webhook_lose_delivered
        quiet = doing.skips_delivered or lost
        step(settings.delivered_ms, "arrive" if quiet else "delivered")
        if reads:
            step(settings.read_ms, "read")
        # People answer what comes unasked, not the answer to their answer.
        unasked = message.type == "template" or not message.in_window
        if doing.reply and unasked:
            step(settings.reply_ms, "reply", doing.reply)
        if doing.taps_opt_out:
            step(settings.reply_ms, "tap")
        if doing.stops_by_switch:
            step(settings.reply_ms, "switch")
        if doing.changes_number:
            step(settings.reply_ms, "number")

    def hold(self, message: Message, template: Template) -> None:
        """Keep a message back until Meta is sure of the template (pacing)."""
        settings = self.world.settings
        if not template.hold_until:
            wait = settings.pacing_hold_ms / 1000
            template.hold_until = time.time() + wait
            self.world.save(template)
        message.status = "held"

    def _schedule(self, message: Message) -> None:
        self.planned += 1
        heapq.heappush(self._heap, (message.plan[0][0], next(self._number), message))
        if self._heap[0][2] is message:
            self._wake.set()

    # Acting ---------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            now = time.time()
            done = 0
            while self._heap and self._heap[0][0] <= now and done < 500:
                self._act(heapq.heappop(self._heap)[2])
                done += 1
            if now > self._looked + _LOOK:
                self._looked = now
                self.look_at_templates(now)
            if done == 500:
                await asyncio.sleep(0)
                continue
            wait = max(0.002, self._heap[0][0] - now) if self._heap else _IDLE
            with suppress(TimeoutError):
                async with asyncio.timeout(min(wait, _IDLE)):
                    await self._wake.wait()

    def _act(self, message: Message) -> None:
        self.planned -= 1
        _, action, argument = message.plan.pop(0)
        now = time.time()
        line = self.world.lines[message.line_id]
        if action in {"sent", "delivered", "read", "failed", "arrive"}:
            self._status(message, action, now)
        elif action == "reply":
            doing = self.world.behaviour(message.person)
            self.write(
                line,
                message.person,
                {"type": "text", "text": {"body": argument}},
                context=message.wamid if doing.reply_with_context else "",
                hidden=doing.hides_number,
            )
        elif action == "tap":
            self._tap(message, line)
        elif action == "switch":
            self.switch(line, message.person, stop=True)
        elif action == "number":
            value = values.changed_number(self.world, line, message.person)
            self.webhooks.tell(line.waba_id, "messages", value, line_id=line.id)
        self.world.keep(message)
        if message.plan:
            self._schedule(message)

    def _status(self, message: Message, action: str, now: float) -> None:
        name = "delivered" if action == "arrive" else action
        message.times[name] = now
        message.status = name
        if name in {"delivered", "read"}:
            message.reached = True
        if action != "arrive":
            self.webhooks.tell(
                message.waba_id,
                "messages",
                values.status(self.world, message, name, now),
                line_id=message.line_id,
                note={"wamid": message.wamid, "status": name},
            )

    def _tap(self, message: Message, line: Line) -> None:
        template = self.world.templates.get(message.template_id)
        shown = (message.payload or {}).get("_seen", {}).get("buttons", []) if template else []
        quick = [button for button in shown if button["type"] == "QUICK_REPLY"]
        if not quick:
            return
        stops = [b for b in quick if is_opt_out(b["payload"]) or is_opt_out(b["text"])]
        chosen = (stops or quick)[-1]
        button = {"payload": chosen["payload"], "text": chosen["text"]}
        hidden = self.world.behaviour(message.person).hides_number
        content = {"type": "button", "button": button}
        self.write(line, message.person, content, context=message.wamid, hidden=hidden)

    def write(
        self,
        line: Line,
        person: str,
        content: dict[str, Any],
        *,
        context: str = "",
        hidden: bool = False,
    ) -> str:
        """A person writes to a line; opens the service window. The id of what they wrote."""
        world, now = self.world, time.time()
        settings = world.settings
        world.open_window(line.id, person, now)
        if settings.line_limit:
            burst = settings.line_burst_seconds
            world.limits.line(line.id, rate=line.mps, burst_seconds=burst, now=now, force=True)
        button = content.get("button", {})
        said = content.get("text", {}).get("body", "")
        stops = is_opt_out(said) or any(is_opt_out(text) for text in button.values())
        business = world.wabas[line.waba_id].business_id
        note = {"opt_out": [business, person]} if stops else {}
        value = values.inbound(world, line, person, content, context=context, hidden=hidden)
        self.webhooks.tell(line.waba_id, "messages", value, line_id=line.id, note=note)
        return str(value["messages"][0]["id"])

    def switch(self, line: Line, person: str, *, stop: bool) -> None:
        """A person uses WhatsApp's own switch for marketing messages of this business."""
        business = self.world.wabas[line.waba_id].business_id
        self.world.set_stopped(business, person, stop=stop)
        note = {"opt_out": [business, person]} if stop else {}
        value = values.preference(self.world, line, person, stop=stop)
        self.webhooks.tell(line.waba_id, "user_preferences", value, line_id=line.id, note=note)

    def acknowledged(self, update: Update, at: float) -> None:
        """The business has said 200 to an update: from now on it knows."""
        if "opt_out" in update.note:
            business, person = update.note["opt_out"]
            self.world.opted_out(business, person, at)
        elif "wamid" in update.note:
            message = self.world.messages.get(update.note["wamid"])
            if message is not None:
                message.acknowledged.append(update.note["status"])
                self.world.keep(message)

    # Templates ------------------------------------------------------------------------------

    @staticmethod
    def now() -> float:
        """The time of the simulator."""
        return time.time()

    def look_at_templates(self, now: float) -> None:
        """End reviews, pauses and pacing whose time has come."""
        for template in list(self.world.templates.values()):
            if template.review_at and template.review_at <= now:
                self._reviewed(template)
            if 0 < template.paused_until <= now:
                self.set_template(template, "APPROVED", title="UNPAUSE")
            if template.hold_until and template.hold_until <= now:
                self._pacing_decided(template)

    def _reviewed(self, template: Template) -> None:
        template.review_at = 0.0
        bad = "reject" in template.name
        template.rejected_reason = "PROMOTIONAL" if bad else "NONE"
        self.set_template(template, "REJECTED" if bad else "APPROVED")

    def set_template(self, template: Template, status: str, *, title: str = "") -> None:
        """Give a template a status and tell; a third pause disables it (3 h, 6 h, for good)."""
        speed = max(self.world.settings.clock_speed, 1e-9)
        template.paused_until = 0.0
        if status == "PAUSED":
            template.pauses += 1
            hours = {1: 3, 2: 6}.get(template.pauses)
            if hours is None:
                status = "DISABLED"
            elif title == "RATE_LIMITING_PAUSE":
                template.paused_until = -1.0
            else:
                template.paused_until = time.time() + hours * _HOUR / speed
        template.status = status
        self.world.save(template)
        value = values.template_status(template, status, title)
        self.webhooks.tell(template.waba_id, "message_template_status_update", value)

    def _pacing_decided(self, template: Template) -> None:
        template.hold_until = 0.0
        template.paced = True
        self.world.save(template)
        pause = self.world.settings.pacing_outcome == "pause"
        if pause:
            self.set_template(template, "PAUSED", title="RATE_LIMITING_PAUSE")
        for message in self.world.messages.values():
            if message.status == "held" and message.template_id == template.id:
                message.status = "accepted"
                self.plan(message, fail=132015 if pause else 0)
                self.world.keep(message)
