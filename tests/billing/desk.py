"""What the tests of billing do again and again: buy, let webhooks in, run the worker's jobs."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import flask
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests.accounts.people import Business, sign_up
from tests.apps import ApiClient, as_owner
from tests.services import ModuleDatabase
from tests.simulator.stripe.receiver import Received, Receiver
from whatstr.accounts.documents import DocumentName, current_version
from whatstr.accounts.models import StaffRole
from whatstr.audit.models import ActorKind
from whatstr.audit.services import SYSTEM, Actor
from whatstr.billing import ledger
from whatstr.billing.models import CreditEntry, EntryKind
from whatstr.core import queues
from whatstr.core.database import redis
from whatstr.core.db import transaction
from whatstr.simulator.stripe import Handle, pay_checkout

CARD = "4242424242424242"
TERM = {
    "document": "refund-term",
    "version": current_version(DocumentName.REFUND_TERM),
    "accepted": True,
}


@dataclass
class Desk:
    """The processes of one small installation."""

    database: ModuleDatabase
    web: flask.Flask
    worker: flask.Flask
    admin: flask.Flask
    sim: Handle
    receiver: Receiver

    def shop(self) -> Shop:
        """A new business, signed in."""
        client = ApiClient(self.web)
        business = sign_up(client, f"{uuid.uuid4().hex}@dukkan.example")
        return Shop(self, client, business)

    def staff(self, name: str = "Ece") -> Actor:
        """A member of the billing staff."""
        from whatstr.accounts import staff

        with self.admin.app_context(), transaction():
            made = staff.create_staff(
                actor=SYSTEM,
                email=f"{uuid.uuid4().hex}@whatstr.example",
                name=name,
                roles=[StaffRole.BILLING],
                password="uzun bir görevli parolası 42",
            )
            return Actor(ActorKind.STAFF, made.id, "10.0.0.9")

    def webhooks(self) -> list[Received]:
        """Everything that Stripe has posted so far, in the order of its arrival."""
        assert self.sim.control("webhooks/wait", {})["idle"]
        return list(self.receiver.received)

    def let_in(self, *received: Received) -> list[int]:
        """Post webhooks to our own door; the statuses it answers."""
        browser = self.web.test_client()
        return [
            browser.post(
                "/webhooks/stripe",
                data=one.payload,
                headers={
                    "Stripe-Signature": one.signature,
                    "Content-Type": "application/json",
                },
            ).status_code
            for one in received
        ]

    def run_jobs(self) -> list[str]:
        """Do what waits on the queue `billing`, as the worker; names of the jobs done."""
        done: list[str] = []
        with self.worker.app_context():
            waiting = queues.queue(redis(), "billing")
            for job in waiting.jobs:
                waiting.remove(job)
                name = str(job.func_name)
                queues.TASKS[name](*job.args)
                done.append(name)
        return done

    def run(self, name: str, *args: str) -> None:
        """One task, at once."""
        with self.worker.app_context():
            queues.TASKS[name](*args)

    def catch_up(self) -> None:
        """Let all webhooks in and do the work that follows."""
        self.let_in(*self.webhooks())
        while self.run_jobs():
            pass

    def entries(self, organization_id: uuid.UUID) -> list[tuple[EntryKind, int]]:
        with as_owner(self.database) as owner:
            rows = owner.execute(
                sa.select(CreditEntry.kind, CreditEntry.amount)
                .where(CreditEntry.organization_id == organization_id)
                .order_by(CreditEntry.id)
            )
            return [(kind, amount) for kind, amount in rows]

    def balance(self, organization_id: uuid.UUID) -> ledger.Balance:
        with self.worker.app_context():
            return ledger.balance(organization_id)


@dataclass
class Shop:
    """A business at the desk."""

    desk: Desk
    client: ApiClient
    business: Business

    @property
    def id(self) -> uuid.UUID:
        return self.business.organization_id

    def start(self, plan: str = "baslangic") -> dict[str, Any]:
        said = self.client.post(
            "checkout", {"plan": plan, "plan_version": 1, "non_refundable": TERM}
        )
        assert said.status_code == 201, said.get_json()
        return dict(said.get_json())

    def buy(self, plan: str = "baslangic", card: str = CARD) -> uuid.UUID:
        """Pay, and let the webhooks do their work."""
        started = self.start(plan)
        pay_checkout(started["url"], card=card)
        self.desk.catch_up()
        return uuid.UUID(hex=started["payment"])

    def payment(self, payment_id: uuid.UUID | str) -> dict[str, Any]:
        key = payment_id if isinstance(payment_id, str) else payment_id.hex
        return dict(self.client.get(f"payments/{key}").get_json())

    def ask(self, payment_id: uuid.UUID, ground: str = "hardship") -> Any:
        return self.client.post(
            f"payments/{payment_id.hex}/exception",
            {"ground": ground, "explanation": "Dükkânımı kapatmak zorunda kaldım."},
        )


def one(owner: Session, what: Any, *which: Any) -> Any:
    return owner.scalars(sa.select(what).where(*which)).one()
