"""The hosted page: words, safety, and the journey in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import requests
import stripe
from playwright.sync_api import Page, expect

from tests.axe import check
from tests.simulator.stripe.conftest import session_params
from tests.simulator.stripe.receiver import Receiver
from whatstr.simulator.stripe import Handle
from whatstr.simulator.stripe.cards import CARDS
from whatstr.simulator.stripe.page_text import CARD_TITLES_TR, TEXT, money

FORM = {
    "email": "a@b.test",
    "card_number": "4242 4242 4242 4242",
    "expiry": "12 / 34",
    "cvc": "123",
}


@pytest.fixture
def shop() -> Iterator[str]:
    """Where the customer goes on to: another origin, as in life."""
    made = Receiver()
    yield made.url.rsplit("/webhooks", 1)[0]
    made.close()


def test_words_are_twins() -> None:
    assert TEXT["tr"].keys() == TEXT["en"].keys()
    assert {script.title for script in CARDS.values()} == set(CARD_TITLES_TR)


@pytest.mark.parametrize(
    ("amount", "tr", "en"),
    [
        (5, "0,05 ₺", "₺0.05"),
        (125_000, "1.250,00 ₺", "₺1,250.00"),
        (123_456_789, "1.234.567,89 ₺", "₺1,234,567.89"),
    ],
)
def test_money(amount: int, tr: str, en: str) -> None:
    assert (money(amount, "try", "tr"), money(amount, "try", "en")) == (tr, en)


def test_page_is_in_the_language_of_the_session(client: stripe.StripeClient) -> None:
    for locale, words in (("tr", "1.250,00 ₺ öde"), ("en", "Pay ₺1,250.00")):
        made = client.v1.checkout.sessions.create(session_params(locale=locale))
        page = requests.get(str(made.url), timeout=10)
        assert words in page.text
        assert f'<html lang="{locale}">' in page.text


def test_page_holds_what_it_is_given_as_text(client: stripe.StripeClient) -> None:
    params = session_params(customer_email='"><script>@b.test')
    params["line_items"][0]["price_data"]["product_data"]["name"] = "<b>Paket</b>"
    page = requests.get(str(client.v1.checkout.sessions.create(params).url), timeout=10)
    assert "&lt;b&gt;Paket" in page.text
    assert "<script" not in page.text
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self' http://shop.test" in policy


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("email", "nobody", "bad_email"),
        ("card_number", "5105 1051 0510 5100", "bad_card"),
        ("expiry", "13/34", "bad_expiry"),
        ("cvc", "12", "bad_cvc"),
    ],
)
def test_bad_fields_are_named_and_nothing_is_charged(
    sim: Handle, client: stripe.StripeClient, field: str, value: str, words: str
) -> None:
    made = client.v1.checkout.sessions.create(session_params(locale="tr"))
    page = requests.post(str(made.url), data={**FORM, field: value}, timeout=10)
    assert page.status_code == 422
    assert TEXT["tr"][words] in page.text
    assert sim.control("state")["objects"]["payment_intent"] == []


def test_paying_twice_charges_once(sim: Handle, client: stripe.StripeClient) -> None:
    made = client.v1.checkout.sessions.create(session_params())
    for _ in range(2):
        answer = requests.post(str(made.url), data=FORM, allow_redirects=False, timeout=10)
        assert answer.headers["Location"] == f"http://shop.test/done?s={made.id}"
    assert len(sim.control("state")["objects"]["charge"]) == 1


def test_unknown_session_says_so(sim: Handle) -> None:
    page = requests.get(f"{sim.url}/c/pay/cs_test_none", timeout=10)
    assert page.status_code == 404
    assert TEXT["tr"]["missing_title"] in page.text


def assert_accessible(page: Page) -> None:
    results = check(page)
    assert results.violations_count == 0, results.generate_report()


@pytest.mark.browser
def test_journey_with_a_declined_card_and_the_bank(
    page: Page, client: stripe.StripeClient, shop: str
) -> None:
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text))
    made = client.v1.checkout.sessions.create(
        session_params(
            locale="tr", success_url=f"{shop}/done?s={{CHECKOUT_SESSION_ID}}", cancel_url=shop
        )
    )
    page.goto(str(made.url))
    assert_accessible(page)
    page.get_by_label("E-posta").fill("a@b.test")
    page.get_by_label("Kart numarası").fill("4000 0000 0000 0002")
    page.get_by_role("button", name="1.250,00 ₺ öde").click()
    expect(page.get_by_role("alert")).to_contain_text("Kartınız reddedildi.")
    assert_accessible(page)
    page.get_by_label("Kart numarası").fill("4000 0000 0000 3220")
    page.get_by_role("button", name="1.250,00 ₺ öde").click()
    expect(page.get_by_role("heading")).to_have_text("Bankanızın doğrulaması")
    page.get_by_role("button", name="Onayla").click()
    page.wait_for_url(re.compile(rf"{shop}/done\?s={made.id}"))
    assert [text for text in errors if "Content Security Policy" in text] == []


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 1280])
def test_page_fits(page: Page, client: stripe.StripeClient, width: int) -> None:
    made = client.v1.checkout.sessions.create(session_params(locale="tr"))
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(str(made.url))
    page.get_by_text("Deneme kartları").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
