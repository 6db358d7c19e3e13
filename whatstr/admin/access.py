"""Who is at the panel, and whether they may: the loader, the rule of a view, the second look."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import flask
import flask_babel
from flask_login import current_user

from whatstr import settings_of
from whatstr.accounts import staff_sessions
from whatstr.accounts.limits import Limits
from whatstr.accounts.passkeys import Site
from whatstr.accounts.permissions import StaffPermission
from whatstr.accounts.staff_sessions import NewStaffSession, SignedInStaff, Waiting
from whatstr.audit.models import ActorKind
from whatstr.audit.services import Actor, record
from whatstr.config import ConfigError
from whatstr.core.database import redis
from whatstr.core.db import transaction
from whatstr.core.errors import DomainError, NotAllowed, NotSignedIn
from whatstr.core.security import client_address

View = TypeVar("View", bound=Callable[..., Any])
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_NEEDS = "__whatstr_needs__"
_STEP_UP = "__whatstr_step_up__"


class StepUpNeeded(DomainError):
    """The last proof of identity is older than fifteen minutes (staff design, "Every page")."""

    code = "step_up_needed"
    status = 403


def cookie_is_secure() -> bool:
    return settings_of()["WHATSTR_ADMIN_URL"].startswith("https://")


def cookie_name() -> str:
    """`__Host-` keeps a cookie to this host over HTTPS; browsers refuse the prefix over HTTP."""
    return "__Host-wtr_a" if cookie_is_secure() else "wtr_a"


def waiting_cookie_name() -> str:
    """The cookie of a browser whose second factor is awaited; never that of a signed-in one."""
    return f"{cookie_name()}2"


def load_staff(request: flask.Request) -> SignedInStaff | None:
    """Flask-Login's loader: the person behind the session cookie."""
    token = request.cookies.get(cookie_name())
    return staff_sessions.find_staff_session(token) if token else None


def waiting() -> Waiting | None:
    """The person whose second factor this browser has still to show."""
    token = flask.request.cookies.get(waiting_cookie_name())
    return staff_sessions.find_waiting(token) if token else None


def site() -> Site:
    """The panel's address, to which passkeys are bound."""
    return Site.of(settings_of()["WHATSTR_ADMIN_URL"])


def read_networks(text: str) -> tuple[Network, ...]:
    """The networks of `WHATSTR_STAFF_NETWORKS`. Raises ConfigError."""
    try:
        return tuple(ipaddress.ip_network(one.strip()) for one in text.split(",") if one.strip())
    except ValueError:
        raise ConfigError(
            "WHATSTR_STAFF_NETWORKS holds what is no network; write 203.0.113.0/24,2001:db8::/48"
        ) from None


def only_from(networks: tuple[Network, ...]) -> Callable[[], None]:
    """A before_request function that refuses every other address; the health check stays open."""

    def check() -> None:
        if flask.request.endpoint == "staff.health":
            return
        try:
            address = ipaddress.ip_address(client_address())
        except ValueError:
            raise NotAllowed("network") from None
        if not any(address in network for network in networks):
            raise NotAllowed("network")

    return check


def set_cookie(
    response: flask.Response, started: NewStaffSession, *, waiting: bool = False
) -> None:
    """Strict: no link from elsewhere ever arrives signed in."""
    response.set_cookie(
        waiting_cookie_name() if waiting else cookie_name(),
        started.token,
        httponly=True,
        samesite="Strict",
        secure=cookie_is_secure(),
        path="/",
    )


def clear_cookie(response: flask.Response, *, waiting: bool = False) -> None:
    response.delete_cookie(
        waiting_cookie_name() if waiting else cookie_name(),
        httponly=True,
        samesite="Strict",
        secure=cookie_is_secure(),
        path="/",
    )


def limits() -> Limits:
    return Limits(redis(), settings_of()["WHATSTR_SECRET_KEY"].encode())


def signed_in() -> SignedInStaff | None:
    """The person at the panel, or None."""
    if not current_user.is_authenticated:
        return None
    found: SignedInStaff = current_user._get_current_object()
    return found


def current_staff() -> SignedInStaff:
    """The person at the panel. Raises NotSignedIn."""
    found = signed_in()
    if found is None:
        raise NotSignedIn()
    return found


def may(permission: StaffPermission) -> bool:
    found = signed_in()
    return found is not None and found.may(permission)


def actor() -> Actor:
    """The person as services take them, with the address of this request."""
    return Actor(ActorKind.STAFF, current_staff().staff_id, client_address())


def speak(language: str) -> None:
    """Answer in the person's own language from here on."""
    flask.g.language = language
    flask_babel.refresh()


def needs(*any_of: StaffPermission, step_up: bool = False) -> Callable[[View], View]:
    """The permissions of one exposed method, besides its view's own: one of them suffices. Every
    POST must name one. `step_up` asks for a proof of identity that is younger than fifteen
    minutes."""

    def mark(view: View) -> View:
        setattr(view, _NEEDS, frozenset(any_of))
        setattr(view, _STEP_UP, step_up)
        return view

    return mark


def needed_by(view: Callable[..., Any]) -> frozenset[StaffPermission]:
    """What `needs` put on a method."""
    found: frozenset[StaffPermission] = getattr(view, _NEEDS, frozenset())
    return found


def admit(view: Callable[..., Any], *, read: StaffPermission | None, endpoint: str) -> None:
    """Let the request through to a view, or raise NotSignedIn, NotAllowed, StepUpNeeded. A refusal
    is an audit event. Notes that the session is in use."""
    person = current_staff()
    wanted = needed_by(view)
    writes = flask.request.method not in ("GET", "HEAD")
    allowed = (read is None or person.may(read)) and (
        bool(wanted & person.permissions) if wanted else not writes
    )
    if not allowed:
        _record_refusal(endpoint)
        raise NotAllowed(endpoint)
    if writes and getattr(view, _STEP_UP, False) and not person.stepped_up():
        raise StepUpNeeded()
    with transaction():
        staff_sessions.touch_staff_session(person.session_id)


def _record_refusal(endpoint: str) -> None:
    with transaction():
        record(actor=actor(), verb="staff.refused", subject_kind="view", subject_id=endpoint)


def signed_in_only(view: View) -> View:
    """The rule of a plain view that belongs to whoever is signed in: sign-out, step-up."""

    @functools.wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        current_staff()
        return view(*args, **kwargs)

    guarded.__whatstr_access__ = "staff"  # type: ignore[attr-defined]
    return guarded  # type: ignore[return-value]


def safe_target(wanted: str | None) -> str:
    """A page of ours to go to next: a path without host, or the start page. Browsers drop tabs and
    line ends out of an address and read a backslash as a slash, so neither may stand in it."""
    text = wanted or ""
    odd = any(ord(ch) <= 32 or ch in "\\\x7f" for ch in text)
    if odd or not text.startswith("/") or text.startswith("//"):
        return "/"
    parts = urlsplit(text)
    return "/" if parts.scheme or parts.netloc else text


def here() -> str:
    """The page that a form was sent from, as the form says it, if it is one of ours."""
    return safe_target(flask.request.form.get("back"))
