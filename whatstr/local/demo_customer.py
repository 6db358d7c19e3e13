"""The demo's customer: every step of the main job, by the HTTP calls that a browser makes."""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from whatstr.local.errors import LocalServiceError
from whatstr.local.stack import Stack, call, url
from whatstr.simulator.stripe import PaymentDeclined, pay_checkout
from whatstr.vault.client import Profile, VaultClient
from whatstr.vault.client_lists import Consent
from whatstr.vault.rows import JobRow, ListRow
from whatstr.vault.rpc import Op

EMAIL = "ayse@anadolucicek.example"
PLAN = "isletme"
FIRST_NAMES = ("Ayşe", "Mehmet", "Zeynep", "Mustafa", "Elif", "Can", "İpek", "Ömer", "Şule", "Işıl")
LAST_NAMES = ("Yılmaz", "Kaya", "Demir", "Çelik", "Şahin", "Öztürk", "Doğan", "Güneş", "Aydın")
OPTED_OUT = 5
Say = Callable[[str], None]
Watch = Callable[[], None]


@dataclass(frozen=True)
class Report:
    """What became of the campaign, and what the simulator's ledger says."""

    uploaded: int
    counts: Mapping[str, int]
    ledger: Mapping[str, int]
    seconds: float

    @property
    def reconciles(self) -> bool:
        """The sum holds, nobody was reached twice, nobody who had refused was reached."""
        return (
            sum(self.counts.values()) == self.uploaded
            and self.counts["pending"] == self.counts["handing"] == 0
            and self.counts["unknown"] == self.counts["accepted"] == 0
            and self.ledger["reached_twice_or_more"] == 0
            and self.ledger["opted_out_reached"] == 0
            and self.ledger["reached_once"] == self.counts["delivered"] + self.counts["read"]
        )

    def as_json(self) -> str:
        """One line: the counts of the report, the ledger's, the seconds of sending."""
        return json.dumps(
            {
                "uploaded": self.uploaded,
                **self.counts,
                "ledger": dict(self.ledger),
                "seconds": round(self.seconds, 1),
            }
        )


def people(count: int, *, seed: int = 2026) -> list[ListRow]:
    """Invented contacts with distinct Turkish mobile numbers; some have habits of their own
    (whatstr.simulator.meta.behaviours), as among real people."""
    source = random.Random(seed)
    numbers: set[str] = set()
    while len(numbers) < count:
        numbers.add(f"9053{source.randrange(10**8):08d}")
    return [
        (
            number,
            f"{source.choice(FIRST_NAMES)} {source.choice(LAST_NAMES)}",
            (f"%{source.randrange(10, 41, 5)}",),
        )
        for number in sorted(numbers)
    ]


class DemoCustomer:
    """Anadolu Çiçek: signs up, buys, connects, imports, sends."""

    def __init__(self, stack: Stack, say: Say, watch: Watch) -> None:
        self.stack = stack
        self.say = say
        self.watch = watch
        self.client = VaultClient(url(stack.ports.web))

    def run(self, *, rows: int, bar: Callable[[Mapping[str, Any]], None]) -> Report:
        """The main job once, from sign-up to a settled report."""
        self._sign_up()
        self._buy()
        line = self._connect()
        contacts = people(rows)
        self.say("Refusing for five people beforehand, as an opt-out list would")
        refused = [number for number, _, _ in contacts[:: rows // OPTED_OUT]][:OPTED_OUT]
        self.client.ask(Op.OPTOUT_ADD, {"numbers": refused})
        list_id = self._import(contacts)
        return self._send(contacts, line=line, list_id=list_id, refused=refused, bar=bar)

    def _sign_up(self) -> None:
        self.say("Signing up: keys are made on the customer's side, the password never leaves it")
        profile = Profile(
            organization_name="Anadolu Çiçek Ltd.",
            contact_name="Ayşe Yılmaz",
            email=EMAIL,
            phone="+905321112233",
            address="Çiçek Sk. 4, Kadıköy, İstanbul",
            website="https://anadolucicek.example",
            tax_number="1234567890",
            tax_office="Kadıköy",
        )
        code = self.client.enrol(profile, self.stack.keys.customer_password)
        path = self.stack.data_dir / "secrets" / "demo-recovery-code.txt"
        path.write_text(code + "\n")
        path.chmod(0o600)
        token = self._mailed_token("onay")
        self.client.api.post("email/confirm", {"token": token})

    def _mailed_token(self, page: str) -> str:
        address = f"{url(self.stack.ports.mail)}/messages?to={EMAIL}"
        for _ in self._until(30, "the confirmation e-mail"):
            for mail in call(address):
                found = re.search(rf"/{page}#(\S+)", mail["text"])
                if found:
                    return found[1]
        raise AssertionError

    def _buy(self) -> None:
        self.say("Buying a plan on Stripe's hosted page")
        plans = {plan["code"]: plan for plan in self.client.api.get("plans")["plans"]}
        plan = plans[PLAN]
        term = {"document": "refund-term", "version": self._version("refund-term")}
        started = self.client.api.post(
            "checkout",
            {
                "plan": plan["code"],
                "plan_version": plan["version"],
                "non_refundable": {**term, "accepted": True},
            },
        )
        try:
            pay_checkout(started["url"], email=EMAIL)
        except PaymentDeclined:
            raise LocalServiceError("The card was refused on the checkout page.") from None
        for _ in self._until(30, "the payment"):
            if self.client.api.get(f"payments/{started['payment']}")["state"] == "paid":
                break
        for _ in self._until(30, "the credits"):
            if self.client.api.get("billing")["balance"]["available"]:
                return

    def _version(self, document: str) -> str:
        found = self.client.api.get("config")["documents"]
        version: str = next(d["version"] for d in found if d["document"] == document)
        return version

    def _connect(self) -> str:
        self.say("Connecting a line: the token is sealed for the sender alone")
        seed = call(f"{url(self.stack.ports.meta)}/_sim/seed")
        waba = seed["businesses"][0]["wabas"][0]
        result = self.client.connect_line(
            waba_id=waba["id"],
            phone_number_id=waba["lines"][0]["id"],
            token=waba["tokens"][0],
        )
        self.templates = result["templates"]
        line: str = result["line"]
        return line

    def _import(self, contacts: list[ListRow]) -> str:
        self.say(f"Sealing and saving {len(contacts)} contacts")
        return self.client.lists.save(
            "Sadık müşteriler",
            contacts,
            columns=["İndirim"],
            consent=Consent("explicit_consent", "Mağaza kayıt formu", "2026-05-01"),
        )

    def _send(
        self,
        contacts: list[ListRow],
        *,
        line: str,
        list_id: str,
        refused: list[str],
        bar: Callable[[Mapping[str, Any]], None],
    ) -> Report:
        offer = next(t for t in self.templates if t["name"] == "hafta_sonu_firsati")
        self.say("Launching the campaign")
        began = time.monotonic()
        campaign = self.client.campaigns.launch(
            [JobRow(number, (name.split()[0], fields[0])) for number, name, fields in contacts],
            title="Hafta sonu fırsatı",
            line=line,
            template=offer,
            list_id=list_id,
            list_name="Sadık müşteriler",
            lasts=timedelta(hours=12),  # the report is to be whole today
            documents=[
                {"document": "launch-statement", "version": self._version("launch-statement")}
            ],
        )
        for found in self.client.campaigns.watch(campaign, seconds=300, gap=0.3):
            self.watch()
            bar(found)
        seconds = time.monotonic() - began
        found = self._settled(campaign, bar)
        ledger = call(
            f"{url(self.stack.ports.meta)}/_sim/ledger/summary?prefix=m1:"
            f"&opted_out={','.join(refused)}"
        )
        kept = ("reached_once", "reached_twice_or_more", "opted_out_reached")
        return Report(
            found["rows"], found["counts"], {name: ledger[name] for name in kept}, seconds
        )

    def _settled(self, campaign: str, bar: Callable[[Mapping[str, Any]], None]) -> dict[str, Any]:
        """Once Meta has no more webhooks for us and the counts stand still."""
        last: dict[str, Any] = {}
        for _ in self._until(120, "the delivery reports", gap=1.0):
            hooks = call(f"{url(self.stack.ports.meta)}/_sim/webhooks")
            waiting = hooks["pending"] + hooks["planned"]
            found = self.client.campaigns.get(campaign)
            bar(found)
            if not waiting and found["counts"] == last and not found["counts"]["accepted"]:
                return found
            last = found["counts"]
        raise AssertionError

    def _until(self, seconds: float, what: str, *, gap: float = 0.3) -> Iterator[None]:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.watch()
            yield
            time.sleep(gap)
        raise LocalServiceError(
            f"The demo waited {seconds:.0f} s for {what} in vain; the logs are in "
            f"{Path(self.stack.data_dir) / 'logs'}."
        )
