"""Kuruş in, kuruş out."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatstr.core.money import lira, vat_contained


@pytest.mark.parametrize(
    ("gross", "rate", "vat"),
    [(12_000, 20, 2_000), (0, 20, 0), (1, 20, 0), (3, 20, 1), (100, 1, 1), (9_990, 20, 1_665)],
)
def test_the_vat_inside_a_price(gross: int, rate: int, vat: int) -> None:
    assert vat_contained(gross, rate_percent=rate) == vat


@given(st.integers(0, 10**12), st.sampled_from([1, 10, 20]))
def test_net_and_vat_make_the_gross_price(gross: int, rate: int) -> None:
    vat = vat_contained(gross, rate_percent=rate)
    net = gross - vat
    # Half a kuruş of rounding at most.
    assert abs(Decimal(net) * rate / 100 - vat) <= Decimal("0.5") * (100 + rate) / 100


@given(st.integers(-(10**12), 10**12))
def test_lira_loses_nothing(kurus: int) -> None:
    assert lira(kurus) * 100 == kurus
