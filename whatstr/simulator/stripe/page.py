"""The hosted page: what the customer sees at `session.url`. Forms only, no script."""

import re
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import jinja2
from aiohttp import web

from whatstr.simulator.stripe import checkout
from whatstr.simulator.stripe.cards import CARDS, card
from whatstr.simulator.stripe.errors import StripeFault
from whatstr.simulator.stripe.page_text import CARD_TITLES_TR, DECLINES, TEXT, money
from whatstr.simulator.stripe.store import Json
from whatstr.simulator.stripe.world import Request, World

_HERE: Final = Path(__file__).parent
_PAGES: Final = jinja2.Environment(
    loader=jinja2.FileSystemLoader(_HERE / "pages"), autoescape=True, trim_blocks=True
)
_PREFILLED: Final = {"card_number": "4242 4242 4242 4242", "expiry": "12 / 34", "cvc": "123"}


def routes(world: World) -> list[web.RouteDef | web.StaticDef]:
    """The page, its answer, the bank's page and the style."""

    async def show(request: web.Request) -> web.Response:
        return _shown(world, request)

    async def pay(request: web.Request) -> web.StreamResponse:
        given = {name: str(value) for name, value in (await request.post()).items()}
        world.request = Request()
        try:
            return _pay(world, request, given)
        finally:
            world.store.flush()

    async def bank(request: web.Request) -> web.StreamResponse:
        given = {name: str(value) for name, value in (await request.post()).items()}
        world.request = Request()
        try:
            return _bank(world, request, given)
        finally:
            world.store.flush()

    return [
        web.get("/c/pay/{id}", show),
        web.post("/c/pay/{id}", pay),
        web.post("/c/bank/{id}", bank),
        web.static("/_sim/static", _HERE / "static"),
    ]


def _shown(
    world: World,
    request: web.Request,
    *,
    given: dict[str, str] | None = None,
    problems: list[str] | None = None,
) -> web.Response:
    found = world.store.get("checkout.session", request.match_info["id"])
    language = _language(found, request)
    if found is None:
        return _closed(world, None, language, "missing", status=404)
    if found["status"] == "complete":
        raise web.HTTPSeeOther(_success_url(found))
    if found["status"] == "expired":
        return _closed(world, found, language, "expired", status=410)
    text = TEXT[language]
    lines = checkout.session_lines(world, found["id"])
    total = money(found["amount_total"], found["currency"], language)
    recurring = next((line["price"]["recurring"] for line in lines), None)
    label = text["pay"] if found["mode"] == "payment" else text["subscribe"]
    return _html(
        world,
        "checkout.html",
        found,
        language,
        status=200 if not problems else 422,
        session_id=found["id"],
        total=total,
        every=text[f"each_{recurring['interval']}"] if recurring else None,
        lines=[
            {
                "title": line["description"],
                "count": line["quantity"],
                "amount": money(line["amount_total"], line["currency"], language),
            }
            for line in lines
        ],
        given={"email": found["customer_email"] or "", **_PREFILLED, **(given or {})},
        email_fixed=bool(found["customer_email"]),
        problems=problems or [],
        button=label.format(amount=total),
        cards=[
            {
                "number": " ".join(re.findall(".{4}", script.number)),
                "title": CARD_TITLES_TR[script.title] if language == "tr" else script.title,
            }
            for script in CARDS.values()
        ],
    )


def _pay(world: World, request: web.Request, given: dict[str, str]) -> web.StreamResponse:
    found = world.store.get("checkout.session", request.match_info["id"])
    language = _language(found, request)
    if found is None or found["status"] != "open":
        return _shown(world, request)
    # The address a session was made with stands; the form cannot change it.
    email = found["customer_email"] or given.get("email", "")
    problems = _problems(given, email, TEXT[language])
    script = card(given.get("card_number", ""))
    if problems or script is None:
        return _shown(world, request, given=given, problems=problems)
    attempt = checkout.pay_session(world, found["id"], script, email=email)
    if attempt.outcome == "authenticate":
        total = money(found["amount_total"], found["currency"], language)
        return _html(
            world, "bank.html", found, language, session_id=found["id"], total=total, email=email
        )
    return _after(world, request, found, attempt, given)


def _bank(world: World, request: web.Request, given: dict[str, str]) -> web.StreamResponse:
    found = world.store.get("checkout.session", request.match_info["id"])
    if found is None:
        return _shown(world, request)
    email = found["customer_email"] or given.get("email", "")
    try:
        attempt = checkout.finish_authentication(
            world, found["id"], passed=given.get("passed") == "yes", email=email
        )
    except StripeFault:
        return _shown(world, request)
    return _after(world, request, found, attempt, {})


def _after(
    world: World,
    request: web.Request,
    found: Json,
    attempt: checkout.Attempt,
    given: dict[str, str],
) -> web.StreamResponse:
    if attempt.outcome == "paid":
        raise web.HTTPSeeOther(_success_url(found))
    language = _language(found, request)
    said = attempt.message or ""
    reason = DECLINES[language].get(said, said)
    return _shown(world, request, given=given, problems=[reason, TEXT[language]["declined"]])


def _problems(given: dict[str, str], email: str, text: dict[str, str]) -> list[str]:
    month = re.fullmatch(r"\s*(0[1-9]|1[0-2])\s*/\s*(\d{2})\s*", given.get("expiry", ""))
    checks = {
        "bad_email": re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email) is not None,
        "bad_card": card(given.get("card_number", "")) is not None,
        "bad_expiry": month is not None,
        "bad_cvc": re.fullmatch(r"\d{3}", given.get("cvc", "")) is not None,
    }
    return [text[name] for name, fine in checks.items() if not fine]


def _success_url(found: Json) -> str:
    return str(found["success_url"]).replace("{CHECKOUT_SESSION_ID}", found["id"])


def _language(found: Json | None, request: web.Request) -> str:
    wanted = (found or {}).get("locale") or "auto"
    if wanted == "auto":
        wanted = request.headers.get("Accept-Language", "tr")
    return "en" if wanted.lower().startswith("en") else "tr"


def _closed(
    world: World, found: Json | None, language: str, what: str, *, status: int
) -> web.Response:
    text = TEXT[language]
    return _html(
        world,
        "closed.html",
        found,
        language,
        status=status,
        heading=text[f"{what}_title"],
        help=text[f"{what}_help"],
    )


def _html(
    world: World,
    template: str,
    found: Json | None,
    language: str,
    *,
    status: int = 200,
    **values: Any,
) -> web.Response:
    # Chromium applies form-action to the redirect after a form too: name where it goes on to.
    onward = _origin(found["success_url"]) if found else ""
    body = _PAGES.get_template(template).render(
        language=language,
        text=TEXT[language],
        business=world.settings["business_name"],
        cancel_url=found["cancel_url"] if found else None,
        **values,
    )
    return web.Response(
        status=status,
        text=body,
        content_type="text/html",
        headers={
            "Content-Security-Policy": (
                "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none';"
                f" form-action 'self' {onward}"
            ),
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
