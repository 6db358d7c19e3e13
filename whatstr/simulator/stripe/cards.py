"""Stripe's published test cards, and what each one makes happen.

Source: Stripe's page "Test card numbers". No other number is taken: nobody can pay here with a
real card by mistake.
"""

from dataclasses import dataclass
from enum import StrEnum


class RefundCourse(StrEnum):
    """How a refund runs after it was taken."""

    SUCCEED = "succeed"
    PENDING_THEN_SUCCEED = "pending_then_succeed"
    PENDING_THEN_FAIL = "pending_then_fail"
    SUCCEED_THEN_FAIL = "succeed_then_fail"
    STAY_PENDING = "stay_pending"
    FAIL = "fail"


@dataclass(frozen=True, kw_only=True)
class CardScript:
    """One test card. `code` set means the bank refuses the payment."""

    number: str
    title: str
    brand: str = "visa"
    code: str | None = None
    decline_code: str | None = None
    message: str | None = None
    three_d_secure: bool = False
    refund: RefundCourse = RefundCourse.SUCCEED
    dispute_reason: str | None = None

    @property
    def last4(self) -> str:
        """The part of a card number that may be shown."""
        return self.number[-4:]


def _declined(number: str, decline_code: str, title: str) -> CardScript:
    return CardScript(
        number=number,
        title=title,
        code="card_declined",
        decline_code=decline_code,
        message="Your card was declined.",
    )


_SCRIPTS = (
    CardScript(number="4242424242424242", title="pays"),
    CardScript(number="5555555555554444", title="pays", brand="mastercard"),
    CardScript(number="4000000000003220", title="asks for 3-D Secure", three_d_secure=True),
    _declined("4000000000000002", "generic_decline", "is declined"),
    _declined("4000000000009995", "insufficient_funds", "has no funds"),
    _declined("4000000000009987", "lost_card", "was reported lost"),
    CardScript(
        number="4000000000000069",
        title="has expired",
        code="expired_card",
        message="Your card has expired.",
    ),
    CardScript(
        number="4000000000000127",
        title="has another security code",
        code="incorrect_cvc",
        message="Your card's security code is incorrect.",
    ),
    CardScript(
        number="4000000000000119",
        title="meets a processing error",
        code="processing_error",
        message="An error occurred while processing your card. Try again in a little bit.",
    ),
    CardScript(
        number="4000000000007726",
        title="pays; its refunds are pending, then succeed",
        refund=RefundCourse.PENDING_THEN_SUCCEED,
    ),
    CardScript(
        number="4000000000005126",
        title="pays; its refunds succeed, then fail",
        refund=RefundCourse.SUCCEED_THEN_FAIL,
    ),
    CardScript(
        number="4000000000000259", title="pays, then is disputed", dispute_reason="fraudulent"
    ),
    CardScript(
        number="4000000000002685",
        title="pays, then is disputed as not received",
        dispute_reason="product_not_received",
    ),
)

CARDS: dict[str, CardScript] = {script.number: script for script in _SCRIPTS}


def card(number: str) -> CardScript | None:
    """The script of a number typed with or without spaces; None for any other number."""
    return CARDS.get(number.replace(" ", "").replace("-", ""))
