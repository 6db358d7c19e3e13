"""What people may type into their profile."""

from __future__ import annotations

import pytest

from whatstr.accounts import policies
from whatstr.core.errors import InvalidInput


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        (" Ayse@Firma.com ", "Ayse@firma.com"),
        ("a.b+c@çiçek.com.tr", "a.b+c@xn--iek-1lab.com.tr"),
        ("x@sub.firma.com.", "x@sub.firma.com"),
    ],
)
def test_an_address_is_normalised(typed: str, stored: str) -> None:
    assert policies.normal_email(typed) == stored


@pytest.mark.parametrize(
    "typed",
    ["", "a", "a@", "@b.com", "a@b", "a b@c.com", ".a@b.com", "a..b@c.com", "a@b.1", "a@b@c.com"],
)
def test_no_address_is_refused(typed: str) -> None:
    with pytest.raises(InvalidInput):
        policies.normal_email(typed)


@pytest.mark.parametrize("first", ["123456789", "001000000", "987654321", "000000000"])
def test_nine_digits_have_one_check_digit(first: str) -> None:
    assert sum(policies.vkn_checks(f"{first}{digit}") for digit in range(10)) == 1


def test_the_known_tax_and_identity_numbers_check() -> None:
    # 1234567890 is the number that the Revenue Administration's examples use.
    assert policies.normal_tax_number("123 456 7890") == "1234567890"
    assert policies.normal_tax_number("10000000146") == "10000000146"
    for wrong in ("1234567891", "10000000145", "00000000000", "12345"):
        with pytest.raises(InvalidInput):
            policies.normal_tax_number(wrong)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("firma.com", "https://firma.com"),
        ("http://Firma.com:8080/a?b=c#d", "http://firma.com:8080/a?b=c"),
    ],
)
def test_a_web_address_is_normalised(typed: str, stored: str) -> None:
    assert policies.normal_website(typed) == stored


@pytest.mark.parametrize("typed", ["ftp://a.com", "http://u:p@a.com", "http://a b.com", "x", ""])
def test_no_web_address_is_refused(typed: str) -> None:
    with pytest.raises(InvalidInput):
        policies.normal_website(typed)
