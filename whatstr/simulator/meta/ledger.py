"""What an auditor asks: how often did each message really reach a person?

A row of the sender is known by the opaque text that came with it (`biz_opaque_callback_data`);
a message without one stands for itself. "Reached" means delivered or read on the phone, not
accepted by Meta.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from whatstr.simulator.meta.model import Message
from whatstr.simulator.meta.world import World


def person_hash(digits: str) -> str:
    """A short name for a person in the ledger."""
    return hashlib.sha256(f"meta-simulator:{digits}".encode()).hexdigest()[:16]


def _chosen(world: World, prefix: str, business: str) -> Iterator[tuple[str, list[Message]]]:
    for opaque, messages in world.by_opaque.items():
        if opaque.startswith(prefix):
            found = [m for m in messages if not business or m.business_id == business]
            if found:
                yield opaque, found


def rows(world: World, *, prefix: str = "", business: str = "") -> list[dict[str, Any]]:
    """One entry per opaque text: how many messages were taken and how many reached the person."""
    return [
        {
            "opaque": opaque,
            "taken": len(messages),
            "reached": sum(m.reached for m in messages),
            "to": person_hash(messages[0].person),
            "to_ends": messages[0].person[-4:],
            "statuses": [m.status for m in messages],
            "codes": [m.code for m in messages if m.status == "failed"],
            "after_opt_out": sum(m.after_opt_out for m in messages),
        }
        for opaque, messages in _chosen(world, prefix, business)
    ]


def summary(
    world: World, *, prefix: str = "", business: str = "", opted_out: Iterable[str] = ()
) -> dict[str, Any]:
    """The ledger in numbers.

    `reached_once`, `reached_twice_or_more` and `never_reached` count rows (opaque texts).
    `opted_out_reached` counts templates that were taken for a person later than the grace after
    the business had acknowledged that person's wish to stop, and any template to the numbers in
    `opted_out` (whom the caller knows to have refused beforehand). Free-form answers in an open
    window (a confirmation of the stop) are counted apart.
    """
    refused = {"".join(c for c in number if c.isdigit()) for number in opted_out}
    found = {
        "messages": 0,
        "rows": 0,
        "reached_once": 0,
        "reached_twice_or_more": 0,
        "never_reached": 0,
        "taken_twice_or_more": 0,
        "opted_out_reached": 0,
        "opted_out_answered": 0,
    }
    statuses: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    people: Counter[str] = Counter()
    for _, messages in _chosen(world, prefix, business):
        reached = sum(m.reached for m in messages)
        found["rows"] += 1
        found["messages"] += len(messages)
        found["taken_twice_or_more"] += len(messages) > 1
        found["reached_once"] += reached == 1
        found["reached_twice_or_more"] += reached > 1
        found["never_reached"] += reached == 0
        for message in messages:
            statuses[message.status] += 1
            people[message.person] += message.reached
            if message.status == "failed":
                codes[str(message.code)] += 1
            if message.after_opt_out or message.person in refused:
                free = message.type != "template"
                found["opted_out_answered" if free else "opted_out_reached"] += 1
    return {
        **found,
        "people_reached": sum(count > 0 for count in people.values()),
        "people_reached_twice_or_more": sum(count > 1 for count in people.values()),
        "by_status": dict(sorted(statuses.items())),
        "by_code": dict(sorted(codes.items())),
        "opted_out_people": len({person for _, person in world.opt_outs}),
    }


def person(world: World, digits: str) -> dict[str, Any]:
    """Everything about one person."""
    messages = world.by_person.get(digits, [])
    return {
        "person": digits,
        "wa_id": world.wa_id(digits),
        "name": world.name_of(digits),
        "behaviour": world.behaviour(digits).name,
        "taken": len(messages),
        "reached": sum(m.reached for m in messages),
        "statuses": [m.status for m in messages],
        "bsuids": {b: mark for (b, who), mark in world.bsuids.items() if who == digits},
        "opted_out": {b: at for (b, who), at in world.opt_outs.items() if who == digits},
        "stopped": sorted(b for b, who in world.stopped if who == digits),
        "after_opt_out": sum(m.after_opt_out for m in messages),
    }


def message(world: World, found: Message) -> dict[str, Any]:
    """One message as the person sees it, with what became of it."""
    payload = dict(found.payload or {})
    return {
        "id": found.wamid,
        "phone_number_id": found.line_id,
        "to": found.person,
        "type": found.type,
        "opaque": found.opaque,
        "status": found.status,
        "times": found.times,
        "reached": found.reached,
        "code": found.code if found.status == "failed" else 0,
        "accepted": found.accepted,
        "version": found.version,
        "in_window": found.in_window,
        "after_opt_out": found.after_opt_out,
        "seen": payload.pop("_seen", None),
        "sent": payload,
        "acknowledged": found.acknowledged,
        "template": world.templates[found.template_id].name
        if found.template_id in world.templates
        else "",
    }
