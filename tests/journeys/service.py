"""The whole service for a run of journeys, and what its simulators are asked."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import quote

from tests.services import private_folder
from whatstr.local import codes
from whatstr.local.stack import Ports, Stack, call, url
from whatstr.local.supervisor import Supervisor
from whatstr.vault.client import VaultClient

T = TypeVar("T")
_GAP = 0.05


class Service:
    """A running stack, with the addresses and the simulators' side of the story."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self._numbers = itertools.count(1)
        self._to_close: list[VaultClient] = []
        self._last_step: dict[str, int] = {}
        self.web, self.admin = url(stack.ports.web), url(stack.ports.admin)
        self.meta, self.stripe = url(stack.ports.meta), url(stack.ports.stripe)

    @property
    def staff_password(self) -> str:
        return self.stack.keys.staff_password

    def staff_code(self, email: str) -> str:
        """What this person's authenticator app shows; a code works once, so the next one is taken
        when the present one is spent, as far as the server's clock allows."""
        at = int(time.time()) // codes.STEP
        step = max(self._last_step.get(email, 0) + 1, at)
        self.wait("the next code", lambda: step <= int(time.time()) // codes.STEP + 1, seconds=60)
        self._last_step[email] = step
        return codes.code(self.stack.keys.admin_secret, email, step)

    def client(self) -> VaultClient:
        """A customer's side of the vault without a browser; its connection ends with the test."""
        made = VaultClient(self.web)
        self._to_close.append(made)
        return made

    def tidy(self) -> None:
        """After each test: close what it opened; fail if a process has ended."""
        while self._to_close:
            self._to_close.pop().api.close()
        self.stack.supervisor.check()

    def own_origins(self) -> set[str]:
        """Where a browser may go in a journey: our two sites and the two simulated ones."""
        return {self.web, self.admin, self.meta, self.stripe}

    def wait(self, what: str, found: Callable[[], T | None], *, seconds: float = 30) -> T:
        """Ask again until there is an answer. Fails with `what`, or when a process has ended."""
        end = time.monotonic() + seconds
        while True:
            self.stack.supervisor.check()
            answer = found()
            if answer:
                return answer
            if time.monotonic() >= end:
                raise AssertionError(f"waited {seconds:.0f} s in vain for {what}")
            time.sleep(_GAP)

    def mailed(self, to: str, pattern: str) -> str:
        """The first group of `pattern` in the newest e-mail to this address that has it."""

        def look() -> str | None:
            mails = call(f"{url(self.stack.ports.mail)}/messages?to={quote(to, safe='@')}")
            found = (re.search(pattern, mail["text"]) for mail in mails)  # newest first
            return next((match[1] for match in found if match), None)

        return self.wait(f"an e-mail with {pattern}", look)

    def new_email(self, name: str) -> str:
        """An address that no other journey signs up with."""
        return f"{name}{next(self._numbers)}@{name}.example"

    def refunded_at_stripe(self) -> int:
        """What Stripe has given back to all cards so far, in kuruş."""
        found: int = call(f"{self.stripe}/_sim/state")["totals"]["refunded"]
        return found

    # Meta's side ------------------------------------------------------------------------------

    def sim(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """A look (or a change, with a body) at Meta's simulator."""
        return call(f"{self.meta}/_sim/{path}", body)

    def new_number(self) -> str:
        """A line's number that nobody else has."""
        return f"90850444{next(self._numbers):04d}"

    def new_account(self, name: str) -> dict[str, Any]:
        """A business of its own at Meta: {"id", "tokens", "lines": [{"id"}]}."""
        made: dict[str, Any] = self.sim("lines", {"name": name, "number": self.new_number()})
        return made

    def sent_to(self, number: str) -> list[dict[str, Any]]:
        """What this person got, oldest first."""
        found: list[dict[str, Any]] = self.sim(f"messages?to={number}")["messages"]
        return found

    def writes(self, number: str, text: str, *, line: str, to: str = "") -> None:
        """The person writes to a line (phone_number_id), perhaps as a reply `to` a message."""
        said = {"phone_number_id": line, "from": number, "text": text}
        self.sim("inbound", {**said, "context_message_id": to})

    @property
    def abuse_line(self) -> str:
        """phone_number_id of our own number for complaints."""
        found: str = self.stack.abuse_account["lines"][0]["id"]
        return found


@contextmanager
def running() -> Iterator[Service]:
    """Start everything in a private folder; stop it and leave nothing."""
    with private_folder() as folder:
        data = folder / "data"
        data.mkdir()
        data.chmod(0o711)
        with Supervisor(data) as supervisor:
            stack = Stack(supervisor, Ports.free())
            stack.start()
            yield Service(stack)
