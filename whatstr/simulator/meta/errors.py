"""Errors as Meta shapes them, in answers and in webhooks.

Codes and their meaning: Meta's error reference (support/error-codes). The HTTP status of most
codes is not documented any more, so every status here can be changed by the `http_status`
setting; a client has to decide by code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# code -> (short title, HTTP status of the answer)
CODES: dict[int, tuple[str, int]] = {
    0: ("Authentication failed", 401),
    1: ("Unknown API fault", 400),
    2: ("Service temporarily unavailable", 503),
    3: ("Capability or permission missing", 500),
    4: ("Application call limit reached", 429),
    10: ("Permission denied", 403),
    33: ("Line deleted", 400),
    100: ("Invalid parameter", 400),
    104: ("An access token is required", 401),
    190: ("Invalid OAuth access token", 401),
    200: ("Permission missing", 403),
    368: ("Temporarily blocked for policy violations", 403),
    2500: ("Unknown path components", 400),
    80007: ("Account rate limit reached", 429),
    130403: ("Person blocked by the business", 400),
    130429: ("Rate limit hit", 429),
    130472: ("Person is part of an experiment", 400),
    130497: ("Account may not message this country", 403),
    131000: ("Something went wrong", 500),
    131005: ("Access denied", 403),
    131008: ("Required parameter is missing", 400),
    131009: ("Parameter value is not valid", 400),
    131016: ("Service unavailable", 500),
    131021: ("Recipient cannot be the sender", 400),
    131026: ("Message undeliverable", 400),
    131030: ("Recipient not in the allowed list", 400),
    131031: ("Account locked", 403),
    131037: ("Display name not approved", 400),
    131042: ("Payment problem of the account", 400),
    131045: ("Line not registered properly", 500),
    131047: ("More than 24 hours since the person wrote", 400),
    131048: ("Spam rate limit hit", 429),
    131049: ("Not delivered to keep a healthy ecosystem", 400),
    131050: ("Person stopped marketing messages", 400),
    131051: ("Message type not supported", 400),
    131052: ("Media download failed", 400),
    131053: ("Media upload failed", 400),
    131055: ("Only marketing templates here", 400),
    131056: ("Too many messages to this person", 429),
    131057: ("Line in maintenance", 500),
    131063: ("Marketing switched off for this API", 400),
    131064: ("Limited after template misclassification", 400),
    132000: ("Number of parameters does not match", 400),
    132001: ("Template does not exist in this language", 404),
    132005: ("Filled text too long", 400),
    132007: ("Template content breaks policy", 400),
    132012: ("Parameter format does not match", 400),
    132015: ("Template is paused", 400),
    132016: ("Template is disabled", 400),
    132018: ("Template parameter fault", 400),
    132068: ("Flow is blocked", 400),
    132069: ("Flow is throttled", 400),
    133000: ("Deregistration incomplete", 500),
    133004: ("Server temporarily unavailable", 503),
    133005: ("PIN does not match", 400),
    133006: ("Number must be verified first", 400),
    133010: ("Line not registered", 400),
    133015: ("Number was just deleted", 400),
    133016: ("Too many registrations", 400),
    134100: ("Only marketing templates are supported", 400),
    134101: ("Template is still syncing", 400),
    134102: ("Template cannot be used", 500),
    135000: ("Generic user error", 400),
    2494100: ("Line in maintenance", 500),
}
_TRANSIENT = {1, 2, 4, 130429, 131000, 131016, 131056, 131057, 133004}


def title_of(code: int) -> str:
    """The short title of a code; unknown codes have one too."""
    return CODES.get(code, ("Unknown fault", 400))[0]


class GraphError(Exception):
    """A refusal, to be answered in Meta's shape."""

    def __init__(
        self,
        code: int,
        details: str = "",
        *,
        subcode: int | None = None,
        status: int | None = None,
        message: str = "",
        user_message: str = "",
    ) -> None:
        super().__init__(code, details)
        self.code = code
        self.details = details
        self.subcode = subcode
        self.forced_status = status
        self.message = message or f"(#{code}) {title_of(code)}"
        self.user_message = user_message

    def status(self, overrides: Mapping[str, int]) -> int:
        """The HTTP status: forced, by the setting, or by the table."""
        if self.forced_status is not None:
            return self.forced_status
        return overrides.get(str(self.code), CODES.get(self.code, ("", 400))[1])

    def body(self, trace: str) -> dict[str, Any]:
        """The JSON of the answer."""
        error: dict[str, Any] = {
            "message": self.message,
            "type": "OAuthException",
            "code": self.code,
        }
        if self.details:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        if self.code in _TRANSIENT:
            error["is_transient"] = True
        if self.user_message:
            error["error_user_title"] = title_of(self.code)
            error["error_user_msg"] = self.user_message
        error["fbtrace_id"] = trace
        return {"error": error}


def webhook_error(code: int, details: str = "") -> dict[str, Any]:
    """The same fault as a webhook tells it (facts: `message` repeats the title)."""
    title = title_of(code)
    return {
        "code": code,
        "title": title,
        "message": title,
        "error_data": {"details": details or title},
        "href": "https://developers.facebook.com/documentation/business-messaging/whatsapp"
        "/support/error-codes",
    }


def no_such_object(node: str, method: str = "get") -> GraphError:
    """What Meta says of an id that is unknown or not ours: it does not tell which."""
    return GraphError(
        100,
        subcode=33,
        message=f"Unsupported {method} request. Object with ID '{node}' does not exist, "
        "cannot be loaded due to missing permissions, or does not support this operation",
    )
