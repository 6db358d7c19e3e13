"""The longer sets of parameters that endpoints take, as `forms.py` reads them."""

from typing import Final

from whatstr.simulator.stripe.disputes import EVIDENCE as EVIDENCE_NAMES
from whatstr.simulator.stripe.forms import METADATA, Spec

PRODUCT: Final[Spec] = {
    "active": bool,
    "description": str,
    "metadata": METADATA,
    "name": str,
    "statement_descriptor": str,
    "tax_code": str,
    "unit_label": str,
    "url": str,
}
RECURRING: Final[Spec] = {
    "interval": ("day", "week", "month", "year"),
    "interval_count": int,
    "usage_type": ("licensed",),
}
TAX_BEHAVIOR: Final = ("exclusive", "inclusive", "unspecified")
CUSTOMER: Final[Spec] = {
    "description": str,
    "email": str,
    "metadata": METADATA,
    "name": str,
    "phone": str,
    "preferred_locales": [str],
}
SESSION: Final[Spec] = {
    # Since 2026-09-30 a filter; `payment_method_types` is no longer taken.
    "allowed_payment_method_types": [("card",)],
    "billing_address_collection": ("auto", "required"),
    "cancel_url": str,
    "client_reference_id": str,
    "customer": str,
    "customer_creation": ("always", "if_required"),
    "customer_email": str,
    "expires_at": int,
    "line_items": [
        {
            "price": str,
            "price_data": {
                "currency": str,
                "product": str,
                "product_data": {
                    "description": str,
                    "metadata": METADATA,
                    "name": str,
                    "tax_code": str,
                },
                "recurring": {"interval": RECURRING["interval"], "interval_count": int},
                "tax_behavior": TAX_BEHAVIOR,
                "unit_amount": int,
            },
            "quantity": int,
        }
    ],
    "locale": str,
    "metadata": METADATA,
    "mode": ("payment", "subscription"),
    "payment_intent_data": {
        "description": str,
        "metadata": METADATA,
        "statement_descriptor_suffix": str,
    },
    "payment_method_collection": ("always", "if_required"),
    "submit_type": ("auto", "book", "donate", "pay", "subscribe"),
    "subscription_data": {"description": str, "metadata": METADATA},
    "success_url": str,
    "ui_mode": ("hosted_page",),
}
EVIDENCE: Final[Spec] = dict.fromkeys(EVIDENCE_NAMES.split(), str)
