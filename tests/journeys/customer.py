"""A business that is already at work when a journey begins: prepared by the calls of a browser."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.journeys.service import Service
from whatstr.simulator.stripe import pay_checkout
from whatstr.vault.client import Profile, VaultClient
from whatstr.vault.client_lists import Consent
from whatstr.vault.rows import ListRow

PASSWORD = "yedi kuzu mavi limon"
LIST = "Müşteriler"
_crowds = itertools.count(10)


def crowd(count: int, *endings: str) -> list[ListRow]:
    """People whom no other journey writes to: `count` who get what is sent, then one for each
    ending (whatstr.simulator.meta.behaviours)."""
    start = f"9054{next(_crowds):02d}"
    numbers = [f"{start}{n:04d}00" for n in range(count)]
    tails = [f"{start}{9_999_999 - n * 1_000:06d}"[: 12 - len(e)] for n, e in enumerate(endings)]
    numbers += [tail + ending for tail, ending in zip(tails, endings, strict=True)]
    return [(number, f"Kişi {place}", ("%20",)) for place, number in enumerate(numbers, start=1)]


@dataclass
class Customer:
    """An organization with a plan, a line and, after `bring`, people. `account` is Meta's side."""

    service: Service
    client: VaultClient
    email: str
    code: str
    account: dict[str, Any]

    @property
    def phone_number_id(self) -> str:
        found: str = self.account["lines"][0]["id"]
        return found

    @property
    def number(self) -> int:
        """The customer number, by which staff speak of them."""
        found: int = self.client.api.get("me")["organization"]["customer_no"]
        return found

    @property
    def business(self) -> str:
        """The business at Meta, as the ledger names it."""
        return f"70{self.account['id'][2:]}"

    def bring(self, people: Sequence[ListRow], *, name: str = LIST) -> None:
        """A contact list."""
        consent = Consent("explicit_consent", "Mağaza kayıt formu", "2026-05-01")
        self.client.lists.save(name, people, columns=["İndirim"], consent=consent)

    def taken(self) -> int:
        """Messages of this business that Meta has taken."""
        found: int = self.service.sim(f"ledger/summary?business={self.business}")["messages"]
        return found


def signed_up(service: Service, name: str) -> tuple[VaultClient, str, str]:
    """A confirmed account: its client, its e-mail address, its recovery code."""
    email = service.new_email("musteri")
    client = service.client()
    profile = Profile(
        organization_name=name,
        contact_name="Ayşe Yılmaz",
        email=email,
        phone="+905321112233",
        address="Çiçek Sk. 4, Kadıköy, İstanbul",
        website="https://musteri.example",
        tax_number="1234567890",
        tax_office="Kadıköy",
    )
    code = client.enrol(profile, PASSWORD)
    client.api.post("email/confirm", {"token": service.mailed(email, r"/onay#(\S+)")})
    return client, email, code


def buy(service: Service, client: VaultClient, plan: str, *, email: str) -> None:
    """A plan, paid on the hosted page; back when the credits are there."""
    chosen = next(one for one in client.api.get("plans")["plans"] if one["code"] == plan)
    documents = client.api.get("config")["documents"]
    term = next(one["version"] for one in documents if one["document"] == "refund-term")
    wanted = {
        "plan": plan,
        "plan_version": chosen["version"],
        "non_refundable": {"document": "refund-term", "version": term, "accepted": True},
    }
    pay_checkout(client.api.post("checkout", wanted)["url"], email=email)
    service.wait("credits", lambda: client.api.get("billing")["balance"]["available"])


def at_work(service: Service, name: str, *, plan: str = "isletme") -> Customer:
    """Signed up, paid, connected."""
    client, email, code = signed_up(service, name)
    buy(service, client, plan, email=email)
    account = service.new_account(name)
    client.connect_line(
        waba_id=account["id"],
        phone_number_id=account["lines"][0]["id"],
        token=account["tokens"][0],
    )
    return Customer(service, client, email, code, account)
