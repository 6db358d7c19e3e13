"""Who calls, and whether they may: the decorator that every API view of a member carries."""

from __future__ import annotations

import base64
import functools
import uuid
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

import flask
import flask_babel
from flask_login import current_user

from whatstr import settings_of
from whatstr.accounts import sessions
from whatstr.accounts.enrolment import Origin
from whatstr.accounts.limits import Limits
from whatstr.accounts.permissions import Permission, member_may
from whatstr.accounts.sessions import NewSession, SignedIn
from whatstr.audit.models import ActorKind
from whatstr.audit.services import Actor
from whatstr.core.database import redis
from whatstr.core.db import transaction
from whatstr.core.errors import DomainError, InvalidInput, NotAllowed, NotSignedIn
from whatstr.core.security import client_address
from whatstr.vault.rekey import KeyChanged

View = TypeVar("View", bound=Callable[..., Any])


class EmailUnconfirmed(DomainError):
    """The member's e-mail address has to be confirmed first."""

    code: ClassVar[str] = "email_unconfirmed"


def cookie_is_secure() -> bool:
    return settings_of()["WHATSTR_WEB_URL"].startswith("https://")


def cookie_name() -> str:
    """`__Host-` keeps a cookie to this host over HTTPS; browsers refuse the prefix over HTTP."""
    return "__Host-wtr_s" if cookie_is_secure() else "wtr_s"


def load_member(request: flask.Request) -> SignedIn | None:
    """Flask-Login's loader: the member behind the session cookie."""
    token = request.cookies.get(cookie_name())
    return sessions.find_session(token) if token else None


def set_session_cookie(response: flask.Response, started: NewSession) -> flask.Response:
    response.set_cookie(
        cookie_name(),
        started.token,
        httponly=True,
        samesite="Lax",
        secure=cookie_is_secure(),
        path="/",
    )
    return response


def clear_session_cookie(response: flask.Response) -> flask.Response:
    response.delete_cookie(
        cookie_name(), httponly=True, samesite="Lax", secure=cookie_is_secure(), path="/"
    )
    return response


def pepper() -> bytes:
    """The key under which login proofs are hashed; `web` alone holds it."""
    return base64.b64decode(settings_of()["WHATSTR_WEB_PEPPER"])


def limits() -> Limits:
    """Counters of tries."""
    return Limits(redis(), pepper())


def origin() -> Origin:
    """Where this request comes from, as the login events keep it."""
    return Origin(client_address(), browser())


def web_url() -> str:
    """The portal's public address, for links in e-mails."""
    return settings_of()["WHATSTR_WEB_URL"]


def current_member() -> SignedIn:
    """The signed-in member. Raises NotSignedIn."""
    if not current_user.is_authenticated:
        raise NotSignedIn()
    found: SignedIn = current_user._get_current_object()
    return found


def organization_id() -> uuid.UUID:
    """The signed-in member's organization: the only one a view may touch."""
    return current_member().organization_id


def actor() -> Actor:
    """The signed-in member as services take it, with the address of this request."""
    return Actor(ActorKind.MEMBER, current_member().member_id, client_address())


def browser() -> str:
    """What the browser calls itself; sealed wherever it is stored."""
    return flask.request.headers.get("User-Agent", "")


def speak(language: str) -> None:
    """Answer this request in the member's own language from here on."""
    flask.g.language = language
    flask_babel.refresh()


def key_version() -> int:
    """The version of the account's key that the caller boxed with (header `X-WTR-Key`)."""
    return _key_number(flask.request.headers.get("X-WTR-Key"))


def _key_number(text: str | None) -> int:
    """A key version as the header has it. Raises InvalidInput."""
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 9:
        raise InvalidInput("X-WTR-Key", "missing" if text is None else "wrong_type")
    return int(text)


def _key_is_current(member: SignedIn, permission: Permission) -> None:
    """Nobody works on with an earlier key of the account, not even to read: it would not open."""
    told = flask.request.headers.get("X-WTR-Key")
    if permission is Permission.SELF or told is None:
        return
    if _key_number(told) != member.key_version:
        raise KeyChanged(version=member.key_version)


def member_access(permission: Permission, *, confirmed: bool = False) -> Callable[[View], View]:
    """The access rule of a view: a live session, the role's permission and, with `confirmed`, a
    confirmed e-mail address. Notes that the session is in use."""

    def mark(view: View) -> View:
        @functools.wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            member = current_member()
            speak(member.language)
            if not member_may(member.role, permission):
                raise NotAllowed(str(permission))
            if confirmed and not member.email_confirmed:
                raise EmailUnconfirmed()
            _key_is_current(member, permission)
            if not member.seen_lately:
                with transaction():
                    sessions.touch_session(member.session_id)
            return view(*args, **kwargs)

        guarded.__whatstr_access__ = str(permission)  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return mark
