"""A business as the server sees it: sealed bytes, a line, credits, messages of its campaigns."""

from __future__ import annotations

import itertools
import os
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import flask
import sqlalchemy as sa
from werkzeug.test import TestResponse

from tests.accounts.people import Business, sign_up
from tests.apps import ApiClient, as_owner, b64
from tests.services import ModuleDatabase
from whatstr.accounts.documents import DocumentName, current_version
from whatstr.accounts.models import Member, MemberRole, Organization, OrganizationState
from whatstr.billing import ledger
from whatstr.billing.models import CreditAccount, CreditEntry, EntryKind
from whatstr.campaigns.models import Campaign, Message, MessageStatus
from whatstr.core import clock
from whatstr.lines.models import Line, LineState
from whatstr.vault.box import BoxKind

_serial = itertools.count(1)


def box(kind: BoxKind, size: int = 64) -> str:
    """Something that looks like a Box to a server, in base64."""
    return b64(bytes([1, kind]) + os.urandom(136 + size))


def instant(value: datetime) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Shop:
    """An organization with one member, who is signed in through `client`."""

    client: ApiClient
    app: flask.Flask
    database: ModuleDatabase
    business: Business
    line: uuid.UUID = field(default_factory=uuid.uuid4)

    @property
    def id(self) -> uuid.UUID:
        return self.business.organization_id

    # What others do to it ---------------------------------------------------------------------

    def connect(self, state: LineState = LineState.CONNECTED) -> uuid.UUID:
        """One more line; gives its id."""
        line = uuid.uuid4()
        with as_owner(self.database) as owner:
            owner.add(Line(id=line, organization_id=self.id, state=state, connected_at=clock.now()))
        return line

    def grant(self, amount: int) -> None:
        with as_owner(self.database) as owner:
            owner.add(
                CreditEntry(
                    organization_id=self.id,
                    key=f"grant:test:{next(_serial)}",
                    kind=EntryKind.GRANT,
                    source=CreditAccount.ISSUED,
                    target=CreditAccount.AVAILABLE,
                    amount=amount,
                    at=clock.now(),
                )
            )

    def set_campaign(self, campaign: str, **values: Any) -> None:
        """As the sender or our staff would, without their reasons."""
        self._set(Campaign, uuid.UUID(hex=campaign), values)

    def set_line(self, **values: Any) -> None:
        self._set(Line, self.line, values)

    def suspend(self) -> None:
        self._set(Organization, self.id, {"state": OrganizationState.SUSPENDED})

    def set_member(self, **values: Any) -> None:
        self._set(Member, self.business.member_id, values)

    def as_billing_clerk(self) -> None:
        self.set_member(role=MemberRole.BILLING)

    def _set(self, kind: type[Any], id_: uuid.UUID, values: dict[str, Any]) -> None:
        with as_owner(self.database) as owner:
            owner.execute(sa.update(kind).where(kind.id == id_).values(**values))

    def add_messages(self, campaign: str, statuses: Iterable[MessageStatus], **values: Any) -> None:
        for row, status in enumerate(statuses):
            self.add_message(campaign, row, status, **values)

    def add_message(self, campaign: str, row: int, status: MessageStatus, **values: Any) -> None:
        with as_owner(self.database) as owner:
            owner.add(
                Message(
                    campaign_id=uuid.UUID(hex=campaign),
                    row=row,
                    status=status,
                    mref=os.urandom(16),
                    recipient_ix=os.urandom(16),
                    **values,
                )
            )

    # What its browser does --------------------------------------------------------------------

    def body(self, rows: int = 1, **changes: Any) -> dict[str, Any]:
        """What `POST /api/campaigns` takes."""
        now = clock.now()
        launch = {"document": "launch-statement", "version": current_version(DocumentName.LAUNCH)}
        return {
            "id": uuid.uuid4().hex,
            "line": self.line.hex,
            "kind": "marketing",
            "rows": rows,
            "chunks": -(-rows // 500),
            "media": [],
            "due_at": None,
            "expires_at": instant(now + timedelta(days=2)),
            "kid": 2948,
            "header": b64(os.urandom(300)),
            "jk_wrap": box(BoxKind.KEY_JOB),
            "record": box(BoxKind.RECORD),
            "documents": [launch],
            **changes,
        }

    def upload(self, rows: int = 1, **changes: Any) -> str:
        """A whole upload, not committed; gives the id."""
        body = self.body(rows, **changes)
        made = self.client.post("campaigns", body)
        assert made.status_code == 201, made.get_json()
        for no in range(body["chunks"]):
            assert self.put(body["id"], no).status_code == 204
        return str(body["id"])

    def put(self, campaign: str, no: int, data: bytes = b"sealed rows") -> TestResponse:
        return self.client.put(f"campaigns/{campaign}/chunks/{no}", data)

    def commit(self, campaign: str) -> TestResponse:
        return self.client.post(f"campaigns/{campaign}/commit")

    def launch(self, rows: int = 1, **changes: Any) -> str:
        """Upload and commit; gives the id."""
        campaign = self.upload(rows, **changes)
        done = self.commit(campaign)
        assert done.status_code == 200, done.get_json()
        return campaign

    def steer(self, campaign: str, verb: str) -> TestResponse:
        return self.client.post(f"campaigns/{campaign}/{verb}")

    def read(self, campaign: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(f"campaigns/{campaign}").get_json()
        return found

    def state(self, campaign: str) -> str:
        return str(self.read(campaign)["state"])

    def balance(self) -> ledger.Balance:
        with self.app.app_context():
            return ledger.balance(self.id)


def open_shop(
    app: flask.Flask, database: ModuleDatabase, *, available: int = 10_000, confirmed: bool = True
) -> Shop:
    """Signed up, confirmed, with a connected line and credits."""
    client = ApiClient(app)
    # Its own address: sign-ups are counted by it.
    n = next(_serial)
    client.browser.environ_base["REMOTE_ADDR"] = f"10.1.{n // 250}.{n % 250 + 1}"
    shop = Shop(client, app, database, sign_up(client, f"shop{n}@firma.com"))
    shop.line = shop.connect()
    if available:
        shop.grant(available)
    if confirmed:
        shop.set_member(email_confirmed_at=clock.now())
    return shop
