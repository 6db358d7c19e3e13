"""What happens by itself when the simulated clock reaches a moment."""

from collections.abc import Callable
from typing import Final

from whatstr.simulator.stripe import checkout, refunds, subscriptions
from whatstr.simulator.stripe.world import Request, World

_ACTIONS: Final[dict[str, Callable[[World, str], None]]] = {
    "refund": refunds.settle_by_course,
    "session": checkout.expire_when_due,
    "subscription": subscriptions.renew,
}


def run_due(world: World) -> int | None:
    """Run everything whose moment has come, oldest first; the next moment, if there is one.

    A renewal may plan the next one in the past when the clock jumped over several periods: the
    loop goes on until nothing is due.
    """
    while True:
        waiting = sorted(world.store.all("_due"), key=lambda item: item["at"])
        if not waiting or waiting[0]["at"] > world.now():
            world.store.flush()
            return waiting[0]["at"] if waiting else None
        item = waiting[0]
        world.store.drop("_due", f"{item['action']}:{item['subject']}")
        world.request = Request()
        _ACTIONS[item["action"]](world, item["subject"])
