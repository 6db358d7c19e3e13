"""The one client of Meta's WhatsApp Business Cloud API (facts: WhatsApp Cloud API, 1 to 6).

Asynchronous, because a slice keeps hundreds of requests in flight. Base address and version are
arguments, so the same code speaks to the simulator. Errors carry Meta's number only to whoever
stores or logs: `details` may hold a phone number.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from whatstr.core.errors import DomainError

LINE_FIELDS = (
    "id,display_phone_number,verified_name,status,quality_rating,code_verification_status,"
    "name_status,platform_type,account_mode,throughput,whatsapp_business_manager_messaging_limit,"
    "is_on_biz_app,health_status"
)
TEMPLATE_FIELDS = "id,name,language,category,status,components,parameter_format,quality_score"
PAGE = 100
MAX_PAGES = 100
"""6,000 templates an account at most (facts 4), with room."""

CONNECT_SECONDS = 4.0
"""A message that waits longer for its connection is not sent: its person may refuse meanwhile."""
_TIMEOUT = aiohttp.ClientTimeout(total=30, connect=CONNECT_SECONDS)


class CloudApiError(DomainError):
    """A call to Meta did not end well."""

    code = "meta"


class GraphError(CloudApiError):
    """Meta refused and said why. Only `number` may be stored or logged."""

    code = "meta_refused"

    def __init__(
        self, number: int, *, subcode: int | None = None, details: str = "", http_status: int = 0
    ) -> None:
        super().__init__(f"meta {number}", meta_code=number)
        self.number = number
        self.subcode = subcode
        self.details = details
        self.http_status = http_status


class OutcomeUnknown(CloudApiError):
    """The request left and no answer that says anything was seen: Meta may have acted on it."""

    code = "meta_outcome_unknown"


class NotSent(CloudApiError):
    """No connection could be made: nothing left, the call may be repeated."""

    code = "meta_not_reached"
    status = 503


@dataclass(frozen=True, slots=True)
class Accepted:
    """A 2xx answer. `wamid` holds the number in base64: never stored, never logged."""

    wamid: str | None
    wa_id: str | None
    message_status: str | None


def open_session(*, at_once: int) -> aiohttp.ClientSession:
    """For many calls at the same time. It keeps no cookies, which would cost each request a look
    through the jar. Call it within the event loop."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=at_once), cookie_jar=aiohttp.DummyCookieJar()
    )


class CloudApi:
    """Calls as one connected business. `session` is shared and stays the caller's to close."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        base_url: str,
        version: str,
        token: str,
    ) -> None:
        self._session = session
        self._root = f"{base_url.rstrip('/')}/{version}"
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._json_headers = {**self._headers, "Content-Type": "application/json"}

    # Sending ----------------------------------------------------------------------------------

    async def send(self, phone_number_id: str, body: bytes) -> Accepted:
        """Hand one message over, given as JSON. A 2xx is accepted, whatever else the answer says;
        Meta has no idempotency key, so OutcomeUnknown must never lead to a blind second try."""
        data = await self._call(
            "POST",
            f"{phone_number_id}/messages",
            data=body,
            headers=self._json_headers,
            lenient=True,
        )
        message, contact = _first(data.get("messages")), _first(data.get("contacts"))
        return Accepted(
            wamid=_text_or_none(message.get("id")),
            wa_id=_text_or_none(contact.get("wa_id")),
            message_status=_text_or_none(message.get("message_status")),
        )

    async def upload_media(self, phone_number_id: str, data: bytes, *, mime: str) -> str:
        """Upload a file once for a campaign; the id lives 30 days."""
        form = aiohttp.FormData()
        form.add_field("messaging_product", "whatsapp")
        form.add_field("type", mime)
        form.add_field("file", data, filename="media", content_type=mime)
        answer = await self._call("POST", f"{phone_number_id}/media", data=form)
        return str(answer["id"])

    # Lines ------------------------------------------------------------------------------------

    async def phone_number(self, phone_number_id: str) -> dict[str, Any]:
        """State of a line (facts 6)."""
        return await self._call("GET", phone_number_id, params={"fields": LINE_FIELDS})

    async def health(self, node: str) -> dict[str, Any]:
        """`health_status` of a line, account or template; {} when Meta says nothing."""
        data = await self._call("GET", node, params={"fields": "health_status"})
        found = data.get("health_status")
        return found if isinstance(found, dict) else {}

    async def register(self, phone_number_id: str, pin: str) -> None:
        """Register a line for the Cloud API with its two-step code."""
        body = {"messaging_product": "whatsapp", "pin": pin}
        await self._call("POST", f"{phone_number_id}/register", body=body)

    # Accounts ---------------------------------------------------------------------------------

    async def account(self, waba_id: str) -> dict[str, Any]:
        """Who owns a business account: `owner_business_info: {id, name}`."""
        return await self._call("GET", waba_id, params={"fields": "id,owner_business_info"})

    async def subscribe(self, waba_id: str) -> None:
        """Ask for the account's webhooks."""
        await self._call("POST", f"{waba_id}/subscribed_apps")

    async def unsubscribe(self, waba_id: str) -> None:
        """No more webhooks of the account."""
        await self._call("DELETE", f"{waba_id}/subscribed_apps")

    async def phone_numbers(self, waba_id: str) -> list[dict[str, Any]]:
        """Every line of an account."""
        return await self._pages(f"{waba_id}/phone_numbers", {"fields": LINE_FIELDS})

    async def templates(self, waba_id: str) -> list[dict[str, Any]]:
        """Every template of an account, all pages."""
        return await self._pages(f"{waba_id}/message_templates", {"fields": TEMPLATE_FIELDS})

    async def template(self, waba_id: str, name: str, language: str) -> dict[str, Any] | None:
        """One template as Meta has it now, or None. Meta's `name` filter matches parts of names,
        so the answer is filtered again."""
        found = await self._pages(
            f"{waba_id}/message_templates", {"fields": TEMPLATE_FIELDS, "name": name}
        )
        for entry in found:
            if entry.get("name") == name and entry.get("language") == language:
                return entry
        return None

    # Signing up -------------------------------------------------------------------------------

    async def exchange_code(
        self, *, app_id: str, app_secret: str, code: str, redirect_uri: str
    ) -> str:
        """The business token for an Embedded Signup code; good for one use within seconds."""
        params = {"client_id": app_id, "client_secret": app_secret, "code": code}
        if redirect_uri:
            params["redirect_uri"] = redirect_uri
        data = await self._call("GET", "oauth/access_token", params=params)
        return str(data["access_token"])

    async def debug_token(self, token: str, *, app_token: str) -> dict[str, Any]:
        """What a token is good for. `app_token` is `app_id|app_secret`."""
        headers = {"Authorization": f"Bearer {app_token}"}
        data = await self._call(
            "GET", "debug_token", params={"input_token": token}, headers=headers
        )
        found = data.get("data")
        return found if isinstance(found, dict) else {}

    # Transport --------------------------------------------------------------------------------

    async def _pages(self, path: str, params: Mapping[str, str]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        after: str | None = None
        for _ in range(MAX_PAGES):
            page = {**params, "limit": str(PAGE), **({"after": after} if after else {})}
            data = await self._call("GET", path, params=page)
            found += [entry for entry in data.get("data") or [] if isinstance(entry, dict)]
            paging = data.get("paging") or {}
            # The cursor is used, never `next`: that address would carry us to a host Meta names.
            after = (paging.get("cursors") or {}).get("after") if paging.get("next") else None
            if not after:
                break
        return found

    async def _call(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        data: aiohttp.FormData | bytes | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        lenient: bool = False,
    ) -> dict[str, Any]:
        """One request. `lenient`: a 2xx whose body cannot be read gives {}."""
        try:
            async with self._session.request(
                method,
                f"{self._root}/{path}",
                json=body,
                data=data,
                params=params,
                headers=headers or self._headers,
                timeout=_TIMEOUT,
                allow_redirects=False,
            ) as response:
                raw = await response.read()
                return read_answer(response.status, raw, lenient=lenient)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            raise NotSent("connect") from None
        except aiohttp.InvalidURL:
            raise NotSent("address") from None
        except (aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError, OSError) as error:
            raise OutcomeUnknown(type(error).__name__) from None


def read_answer(status: int, raw: bytes, *, lenient: bool) -> dict[str, Any]:
    """The answer's object; `lenient`: a 2xx whose body cannot be read gives {}. Raises GraphError
    with Meta's code, or OutcomeUnknown where there is none. Decided by Meta's code; the HTTP status
    alone decides only that a 2xx is accepted (sending design, "Errors are decided by code")."""
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError):
        data = None
    if 200 <= status < 300:
        if isinstance(data, dict):
            return data
        if lenient:
            return {}
        raise OutcomeUnknown("body")
    error = data.get("error") if isinstance(data, dict) else None
    if not isinstance(error, dict) or not is_code(error.get("code")):
        raise OutcomeUnknown("status", http_status=status)
    subcode, about = error.get("error_subcode"), error.get("error_data")
    details = about.get("details") if isinstance(about, dict) else None
    raise GraphError(
        error["code"],
        subcode=subcode if type(subcode) is int else None,
        details=str(details or error.get("message") or ""),
        http_status=status,
    )


def is_code(value: object) -> bool:
    """Whether this can be one of Meta's codes. Numbers below zero are ours alone."""
    return type(value) is int and 0 <= value < 2**31


def _first(items: Any) -> dict[str, Any]:
    if isinstance(items, list) and items and isinstance(items[0], dict):
        return items[0]
    return {}


def _text_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
