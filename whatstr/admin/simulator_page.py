"""Meta's stand-in, where it takes Meta's place: its lines and what reached people, in counts.

Only of a machine on which one tries things out: production refuses to start with its address. The
page only looks; tokens, texts and people of the stand-in are not shown.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask_admin import expose

from whatstr.accounts.models import mask_phone_digits
from whatstr.accounts.permissions import StaffPermission as P
from whatstr.admin import labels
from whatstr.admin.views import Page
from whatstr.config import ConfigError, Settings
from whatstr.core.crypto import matches, norm_text
from whatstr.core.db import session
from whatstr.core.phone import PhoneError, normalise
from whatstr.lines.models import Line

VARIABLE = "WHATSTR_META_SIMULATOR"
SECONDS = 2.0
LARGEST = 8 * 1024 * 1024
LINES_SHOWN = 50
_HERE = ("127.0.0.1", "localhost", "::1")
PAGES = ("/_sim/ledger/summary", "/_sim/webhooks", "/_sim/settings", "/_sim/behaviours")


def address(settings: Settings) -> str | None:
    """Where the stand-in listens; None without one. Raises ConfigError in production, and for an
    address that is not this machine's."""
    found = settings.get(VARIABLE)
    if not found:
        return None
    if settings.production:
        raise ConfigError(f"{VARIABLE} is set: a stand-in has no place in production")
    parts = urlsplit(found)
    if parts.scheme != "http" or parts.hostname not in _HERE or not parts.port:
        raise ConfigError(f"{VARIABLE} must be of this machine, as http://127.0.0.1:8003")
    return f"http://{parts.netloc}"


def ask(base: str, path: str) -> Mapping[str, Any] | None:
    """What the stand-in says, or None if it says nothing that makes sense within two seconds."""
    parts = urlsplit(base)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=SECONDS)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        found = json.loads(answer.read(LARGEST)) if answer.status == 200 else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return found if isinstance(found, dict) else None


@dataclass(frozen=True)
class SimulatedLine:
    """A line of the stand-in. `ours` links to the line of ours with its number."""

    id: str
    number: str
    a_second: int
    templates: int
    subscribed: bool
    ours: Any


class Simulator(Page):
    """Endpoint `simulator`; there is none without an address."""

    read = P.SETTINGS_READ

    def __init__(self, base: str) -> None:
        super().__init__(endpoint="simulator", url="/benzetici")
        self.base = base

    @expose("/")  # type: ignore[untyped-decorator]
    def index(self) -> Any:
        seed, ledger, hooks = (
            ask(self.base, path) for path in ("/_sim/seed", PAGES[0], "/_sim/webhooks")
        )
        return self.render(
            "admin/simulator.html",
            lines=list(_lines(seed)) if seed else [],
            ledger=ledger,
            hooks=hooks,
            base=self.base,
            addresses=[f"{self.base}{path}" for path in PAGES],
        )


def _lines(seed: Mapping[str, Any]) -> Iterator[SimulatedLine]:
    accounts = [waba for one in seed.get("businesses", []) for waba in one.get("wabas", [])]
    pairs = [(waba, line) for waba in accounts for line in waba.get("lines", [])]
    for waba, line in pairs[:LINES_SHOWN]:
        digits = _digits(str(line["number"]))
        yield SimulatedLine(
            id=str(line["id"]),
            number=mask_phone_digits(digits),
            a_second=int(line["mps"]),
            templates=len(waba.get("templates", [])),
            subscribed=bool(waba.get("subscribed")),
            ours=_our_line(str(line["number"]), digits),
        )


def _digits(number: str) -> str:
    try:
        return normalise(number).digits
    except PhoneError:
        return "".join(one for one in number if one.isdecimal())


def _our_line(number: str, digits: str) -> Any:
    forms = {norm_text(number), digits}
    same = matches(Line.number_ix, "line.display_number", *forms)
    return labels.linked("lines", session().scalar(sa.select(Line.id).where(same).limit(1)))
