"""A customer whose browser tries again when the service is away, as the portal's does."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from tests.apps import as_owner
from tests.chaos.servers import Mortals
from tests.services import ModuleDatabase
from whatstr.accounts.models import Member
from whatstr.billing.models import CreditAccount, CreditEntry, EntryKind
from whatstr.core import clock
from whatstr.core.errors import Unavailable
from whatstr.local.postgres import DATABASE
from whatstr.local.stack import call, url
from whatstr.simulator.meta import seed
from whatstr.vault.client import Profile, VaultClient
from whatstr.vault.http import ApiError, ApiSession
from whatstr.vault.rows import JobRow
from whatstr.vault.rpc import Op

PASSWORD = "uzun bir kasa parolası 42"
PROFILE = Profile("Anadolu Çiçek Ltd.", "Ayşe Yılmaz", "ayse@anadolucicek.example", "+905321112233")
CREDITS = 10_000_000
AWAY = 90.0
"""Seconds after which the service is not away but gone."""


class Patient(ApiSession):
    """Every call is safe to repeat, so it is repeated until the service is there."""

    def _call(self, method: str, path: str, body: bytes | None, kind: str) -> bytes:
        end = time.monotonic() + AWAY
        while True:
            try:
                return super()._call(method, path, body, kind)
            except Unavailable:
                if time.monotonic() > end:
                    raise
            except ApiError as refused:
                if refused.status_code < 500 or time.monotonic() > end:
                    raise
            time.sleep(0.1)


class Customer:
    """Signed up, with credits and lines of the highest throughput."""

    def __init__(self, service: Mortals, *, lines: int) -> None:
        self.client = VaultClient(url(service.ports.web), timeout=10)
        self.client.api.__class__ = Patient  # its parts share this very session
        self.client.enrol(PROFILE, PASSWORD)
        confirm_and_grant(service)
        self.lines = [self._connect(number_id) for number_id in _meta_lines(service, lines)]
        found = self.client.records("templates")[self.lines[0]][1]["templates"]
        self._template = next(t for t in found if t["name"] == "hafta_sonu_firsati")
        documents = self.client.api.get("config")["documents"]
        wanted = "launch-statement"
        version = next(d["version"] for d in documents if d["document"] == wanted)
        self._statement = {"document": wanted, "version": version}

    @property
    def organization(self) -> str:
        return self.client.organization

    def _connect(self, phone_number_id: str) -> str:
        found = self.client.connect_line(
            waba_id=seed.WABA_ID, phone_number_id=phone_number_id, token=seed.TOKEN
        )
        return str(found["line"])

    def refuse_for(self, numbers: Sequence[str]) -> None:
        """Keep refusals that people gave elsewhere."""
        self.client.ask(Op.OPTOUT_ADD, {"numbers": list(numbers)})

    def launch(self, numbers: Sequence[str], *, line: int) -> str:
        return self.client.campaigns.launch(
            [JobRow(to, (f"Kişi {place}", "%20")) for place, to in enumerate(numbers)],
            title="Hafta sonu fırsatı",
            line=self.lines[line],
            template=self._template,
            documents=[self._statement],
            lasts=timedelta(hours=12),  # whom Meta caps for today is not tried again tomorrow
        )

    def report(self, campaign: str) -> dict[str, Any]:
        return self.client.campaigns.get(campaign)


def confirm_and_grant(service: Mortals) -> None:
    """What a mail and a payment would do."""
    with as_owner(ModuleDatabase(service.postgres, DATABASE)) as owner:
        owner.query(Member).update({Member.email_confirmed_at: clock.now()})
        owner.add(
            CreditEntry(
                organization_id=owner.query(Member.organization_id).scalar(),
                key="grant:chaos",
                kind=EntryKind.GRANT,
                source=CreditAccount.ISSUED,
                target=CreditAccount.AVAILABLE,
                amount=CREDITS,
                at=clock.now(),
            )
        )


def _meta_lines(service: Mortals, count: int) -> list[str]:
    meta = service.meta_url
    for _ in range(count - len(seed.LINE_IDS)):
        call(f"{meta}/_sim/lines", {"waba_id": seed.WABA_ID})
    businesses = call(f"{meta}/_sim/seed")["businesses"]
    lines = [one["id"] for one in businesses[0]["wabas"][0]["lines"]][:count]
    for line in lines:
        call(f"{meta}/_sim/lines/{line}", {"throughput": "HIGH", "mps": 1_000.0})
    unlimited = {"phone_number_id": lines[0], "current_limit": "TIER_UNLIMITED"}
    call(f"{meta}/_sim/quality", unlimited)
    return lines
