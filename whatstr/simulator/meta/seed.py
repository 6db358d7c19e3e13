"""The world at the first start: one business with two lines and four templates.

All ids are fixed, so that a demo or a test can name them. `another_business` makes further ones
for people who sign up through the dialog.
"""

from __future__ import annotations

import hashlib
import time
from typing import Any

from whatstr.simulator.meta.model import Line, Portfolio, Template, Token, Waba

BUSINESS_ID = "700000000000001"
WABA_ID = "710000000000001"
LINE_IDS = ("720000000000001", "720000000000002")
NUMBERS = ("908505550001", "908505550002")
TOKEN = "EAASIM-anadolu-cicek-0001"  # noqa: S105  (a token of the simulator opens nothing else)


def _body(text: str, *examples: str) -> dict[str, Any]:
    body: dict[str, Any] = {"type": "BODY", "text": text}
    if examples:
        body["example"] = {"body_text": [list(examples)]}
    return body


def _stop_button() -> dict[str, Any]:
    return {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Dur"}]}


def templates_of(waba_id: str, first: int) -> list[Template]:
    """Three approved Turkish templates and a paused one."""
    offer = [
        {"type": "HEADER", "format": "TEXT", "text": "Hafta sonu fırsatı"},
        _body(
            "Merhaba {{1}}, bu hafta sonu tüm siparişlerde {{2}} indirim var. Bekleriz!",
            "Ayşe",
            "%20",
        ),
        {"type": "FOOTER", "text": "İstemiyorsanız Dur'a dokunun."},
        _stop_button(),
    ]
    order = [
        _body(
            "Merhaba {{1}}, {{2}} numaralı siparişiniz yola çıktı. İyi günler dileriz.",
            "Ayşe",
            "1042",
        )
    ]
    picture = [
        {
            "type": "HEADER",
            "format": "IMAGE",
            "example": {"header_handle": ["https://example.com/yeni.jpg"]},
        },
        _body("Merhaba {{1}}, yeni ürünlerimiz geldi. Mağazamıza bekleriz.", "Ayşe"),
        {"type": "FOOTER", "text": "İstemiyorsanız Dur'a dokunun."},
        _stop_button(),
    ]
    paused = [_body("Merhaba {{1}}, son günler! Kaçırmayın.", "Ayşe"), _stop_button()]
    rows = [
        ("hafta_sonu_firsati", "MARKETING", offer, "APPROVED", "GREEN"),
        ("siparis_yolda", "UTILITY", order, "APPROVED", "GREEN"),
        ("yeni_urunler", "MARKETING", picture, "APPROVED", "UNKNOWN"),
        ("son_gunler", "MARKETING", paused, "PAUSED", "RED"),
    ]
    return [
        Template(
            id=str(first + number),
            waba_id=waba_id,
            name=name,
            language="tr",
            category=category,
            components=components,
            status=status,
            quality=quality,
            pauses=1 if status == "PAUSED" else 0,
            paused_until=-1.0 if status == "PAUSED" else 0.0,
        )
        for number, (name, category, components, status, quality) in enumerate(rows)
    ]


Things = list[Portfolio | Waba | Line | Template | Token]


def first_business() -> Things:
    """The seeded business. Its account is not subscribed: connecting does that."""
    now = time.time()
    things: Things = [
        Portfolio(BUSINESS_ID, "Anadolu Çiçek"),
        Waba(WABA_ID, "Anadolu Çiçek", BUSINESS_ID, created=now),
        Token(TOKEN, [WABA_ID], user_id="730000000000001", issued=now),
    ]
    names = ("Anadolu Çiçek", "Anadolu Çiçek Destek")
    for line_id, number, name in zip(LINE_IDS, NUMBERS, names, strict=True):
        things.append(Line(line_id, WABA_ID, number, name))
    things.extend(templates_of(WABA_ID, 740000000000001))
    return things


def another_business(number: int, name: str, *, lines: int = 1, digits: str = "") -> Things:
    """Business `number` (2, 3, …) with an account, lines and the same templates; no token yet."""
    now = time.time()
    business, waba = f"70{number:013d}", f"71{number:013d}"
    things: Things = [
        Portfolio(business, name),
        Waba(waba, name, business, created=now),
    ]
    for place in range(1, lines + 1):
        own = digits if digits and place == 1 else f"90850555{number * 10 + place:04d}"
        things.append(Line(f"72{number:09d}{place:04d}", waba, own, name))
    things.extend(templates_of(waba, int(f"74{number:09d}0001")))
    return things


def business_token(waba_id: str, serial: str) -> Token:
    """A token for one account, as Embedded Signup ends with."""
    mark = hashlib.sha256(f"{waba_id}:{serial}".encode()).hexdigest()
    return Token(
        f"EAASIM-{waba_id}-{mark[:24]}",
        [waba_id],
        user_id=f"73{waba_id[2:]}",
        issued=time.time(),
    )
