"""Plans and their editions: a published edition never changes its price, a new price is a new one.

Prices are gross kuruş with KDV contained. A plan with an interval is bought for one period at a
time; nothing renews by itself, so nothing is charged that nobody clicked.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from whatstr.audit.services import SYSTEM, Actor, record
from whatstr.billing.models import Plan, PlanInterval, Subscription, SubscriptionState
from whatstr.billing.queries import plans_on_sale
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.errors import Conflict, InvalidInput, NotFound
from whatstr.core.money import vat_contained

VAT_PERCENT = 20
_CODE = re.compile(r"[a-z][a-z0-9_]{1,30}")


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What an edition of a plan promises."""

    code: str
    title_tr: str
    title_en: str
    description_tr: str
    description_en: str
    interval: PlanInterval
    price_kurus: int
    credits: int
    line_limit: int = 1
    vat_rate_percent: int = VAT_PERCENT


STARTING = (
    Offer(
        code="baslangic",
        title_tr="Başlangıç",
        title_en="Starter",
        description_tr="Denemek ve küçük duyurular için tek seferlik kontör.",
        description_en="One-off credits to try the service and for small announcements.",
        interval=PlanInterval.ONCE,
        price_kurus=29_900,
        credits=1_000,
    ),
    Offer(
        code="isletme",
        title_tr="İşletme",
        title_en="Business",
        description_tr="Düzenli kampanya yapan işletmeler için bir aylık paket.",
        description_en="One month for businesses that run campaigns regularly.",
        interval=PlanInterval.MONTH,
        price_kurus=199_900,
        credits=10_000,
        line_limit=3,
    ),
    Offer(
        code="buyuk",
        title_tr="Büyük",
        title_en="Large",
        description_tr="Geniş kitlelere yazan işletmeler için bir aylık paket.",
        description_en="One month for businesses that write to large audiences.",
        interval=PlanInterval.MONTH,
        price_kurus=1_499_900,
        credits=100_000,
        line_limit=10,
    ),
)


@dataclass(frozen=True, kw_only=True)
class ShownPlan:
    """An edition on sale in the reader's language. `interval` is month, year or once."""

    code: str
    version: int
    title: str
    description: str
    interval: str
    net_kurus: int
    vat_kurus: int
    price_kurus: int
    vat_rate_percent: int
    credits: int
    line_limit: int


def shown_plans(language: str) -> list[ShownPlan]:
    """What is on sale, cheapest first."""
    return [_shown(plan, english=language == "en") for plan in plans_on_sale()]


def _shown(plan: Plan, *, english: bool) -> ShownPlan:
    vat = vat_contained(plan.price_kurus, rate_percent=plan.vat_rate_percent)
    return ShownPlan(
        code=plan.code,
        version=plan.edition,
        title=plan.title_en if english else plan.title_tr,
        description=plan.description_en if english else plan.description_tr,
        interval=str(plan.interval),
        net_kurus=plan.price_kurus - vat,
        vat_kurus=vat,
        price_kurus=plan.price_kurus,
        vat_rate_percent=plan.vat_rate_percent,
        credits=plan.credits,
        line_limit=plan.line_limit,
    )


def unpublished() -> list[Plan]:
    """Editions on sale that Stripe does not know yet."""
    return list(session().scalars(sa.select(Plan).where(Plan.visible, Plan.stripe_price.is_(None))))


def seed() -> None:
    """The plans of a new installation; a code that has an edition is left alone."""
    known = set(session().scalars(sa.select(Plan.code)))
    for offer in STARTING:
        if offer.code not in known:
            publish_edition(actor=SYSTEM, offer=offer)


def publish_edition(*, actor: Actor, offer: Offer) -> Plan:
    """Sell the offer as the next edition of its code; earlier editions are sold no more, and who
    bought one keeps what it promised. Raises InvalidInput. Stripe learns of it from the worker's
    sweep (`billing.sweep`)."""
    _check(offer)
    lock_code(offer.code)
    newest = session().scalar(sa.select(sa.func.max(Plan.edition)).where(Plan.code == offer.code))
    session().execute(sa.update(Plan).where(Plan.code == offer.code).values(visible=False))
    plan = Plan(**asdict(offer), edition=(newest or 0) + 1, visible=True, created_at=clock.now())
    session().add(plan)
    session().flush()
    record(
        actor=actor,
        verb="plan.published",
        subject_kind="plan",
        subject_id=plan.id,
        detail={"code": plan.code, "edition": plan.edition, "price_kurus": plan.price_kurus},
    )
    return plan


def withdraw(*, actor: Actor, plan_id: uuid.UUID) -> Plan:
    """Sell an edition no more. Raises NotFound."""
    plan = session().get(Plan, plan_id)
    if plan is None:
        raise NotFound("plan")
    if plan.visible:
        plan.visible = False
        record(actor=actor, verb="plan.withdrawn", subject_kind="plan", subject_id=plan.id)
    return plan


def offer_again(*, actor: Actor, plan_id: uuid.UUID) -> Plan:
    """Sell an edition again, in the place of the one of its code that is on sale: the undo of a
    withdrawal. Raises NotFound."""
    plan = session().get(Plan, plan_id)
    if plan is None:
        raise NotFound("plan")
    lock_code(plan.code)
    if not plan.visible:
        session().execute(sa.update(Plan).where(Plan.code == plan.code).values(visible=False))
        plan.visible = True
        record(actor=actor, verb="plan.offered_again", subject_kind="plan", subject_id=plan.id)
    return plan


WORDS = ("title_tr", "title_en", "description_tr", "description_en")


def seen_of(plan: Plan) -> str:
    """What an editor saw of an edition's words, as a mark: an edit of others is refused."""
    saw = [getattr(plan, name) for name in WORDS]
    return hashlib.sha256(repr(saw).encode()).hexdigest()[:16]


def edit_words(*, actor: Actor, plan_id: uuid.UUID, seen: str, words: Mapping[str, str]) -> Plan:
    """Correct titles and descriptions. Raises Conflict, InvalidInput, NotFound."""
    plan = session().scalar(
        sa.select(Plan)
        .where(Plan.id == plan_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if plan is None:
        raise NotFound("plan")
    if seen_of(plan) != seen:
        raise Conflict("plan")
    for name in ("title_tr", "title_en"):
        if not words.get(name, "").strip():
            raise InvalidInput(name, "missing")
    before = {name: getattr(plan, name) for name in WORDS}
    after = {name: words.get(name, "").strip()[:500] for name in WORDS}
    if before != after:
        for name, text in after.items():
            setattr(plan, name, text)
        changed = sorted(name for name in WORDS if before[name] != after[name])
        record(
            actor=actor,
            verb="plan.words_edited",
            subject_kind="plan",
            subject_id=plan.id,
            detail={name: [before[name], after[name]] for name in changed},
        )
    return plan


def buyers(plan_id: uuid.UUID) -> int:
    """Customers who have the edition now; a thousand at most are counted."""
    running = (
        sa.select(Subscription.id)
        .where(Subscription.plan_id == plan_id, Subscription.state == SubscriptionState.ACTIVE)
        .limit(1000)
        .subquery()
    )
    return int(session().scalar(sa.select(sa.func.count()).select_from(running)) or 0)


def note_published(*, plan_id: uuid.UUID, product_id: str, price_id: str) -> None:
    """Keep what Stripe calls the edition."""
    session().execute(
        sa.update(Plan)
        .where(Plan.id == plan_id)
        .values(stripe_product=product_id, stripe_price=price_id)
    )


def lock_code(code: str) -> None:
    """One publisher of a code at a time, until the transaction ends."""
    session().execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"plan:{code}"))))


def _check(offer: Offer) -> None:
    if not _CODE.fullmatch(offer.code):
        raise InvalidInput("code", "plan_code")
    for field in ("title_tr", "title_en"):
        if not getattr(offer, field).strip():
            raise InvalidInput(field, "missing")
    for field in ("price_kurus", "credits", "line_limit"):
        if getattr(offer, field) < 1:
            raise InvalidInput(field, "too_small")
    if not 0 <= offer.vat_rate_percent <= 100:
        raise InvalidInput("vat_rate_percent", "out_of_range")
