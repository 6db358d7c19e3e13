"""Errors that a domain raises on purpose. Shells turn them into a sentence a person can act on."""

from __future__ import annotations

from typing import Any, ClassVar


class DomainError(Exception):
    """A refusal with a stable code. `context` holds plain values for sentence and API answer.

    `status` is the HTTP status that shells answer with. Neither `detail` nor `context` may carry
    personal data: both may be logged.
    """

    code: ClassVar[str] = "domain_error"
    status: ClassVar[int] = 422

    def __init__(self, detail: str = "", **context: Any) -> None:
        super().__init__(detail or self.code)
        self.detail = detail
        self.context = context


class InvalidInput(DomainError):
    """A value of the request is unusable; `field` names it, `reason` says why (a stable code)."""

    code = "invalid_input"
    status = 400

    def __init__(self, field: str, reason: str, **context: Any) -> None:
        super().__init__(f"{field}: {reason}", field=field, reason=reason, **context)


class NotFound(DomainError):
    """No such object, or none that the actor may see: the two are not told apart."""

    code = "not_found"
    status = 404


class NotAllowed(DomainError):
    """The actor lacks the permission."""

    code = "not_allowed"
    status = 403


class NotSignedIn(DomainError):
    """No valid session."""

    code = "not_signed_in"
    status = 401


class Conflict(DomainError):
    """Somebody else changed the object first; `version` is the stored one."""

    code = "conflict"
    status = 409


class TooMany(DomainError):
    """A rate limit; `retry_after` seconds."""

    code = "too_many"
    status = 429


class Unavailable(DomainError):
    """A dependency does not answer; nothing was lost and the call may be repeated."""

    code = "unavailable"
    status = 503
