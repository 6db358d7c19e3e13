"""Money is an integer number of kuruş; KDV is contained in the gross price."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal


def vat_contained(gross_kurus: int, *, rate_percent: int) -> int:
    """The KDV inside a gross amount, in kuruş, rounded half up."""
    share = Decimal(gross_kurus) * rate_percent / (100 + rate_percent)
    return int(share.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def lira(kurus: int) -> Decimal:
    """The amount in lira with two decimals."""
    return Decimal(kurus) / 100
