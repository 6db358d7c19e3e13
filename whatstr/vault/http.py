"""The JSON API over one kept connection, as a browser speaks it: cookie, origin, content types.

Standard library only: the client must run where nothing but the package is installed.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from http.client import (
    HTTPConnection,
    HTTPException,
    HTTPResponse,
    HTTPSConnection,
    RemoteDisconnected,
)
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from whatstr.core.errors import DomainError, Unavailable


class ApiError(DomainError):
    """The server refused; `reason` is its stable code, `status_code` the HTTP status."""

    code = "api_error"

    def __init__(
        self, reason: str, status_code: int, told: Mapping[str, Any] | None = None
    ) -> None:
        told = dict(told or {})
        super().__init__(f"{status_code} {reason}", **{**told, "code": reason})
        self.reason = reason
        self.status_code = status_code
        self.told = told


class ApiSession:
    """One signed-in member's connection. Not safe for several threads at once."""

    def __init__(self, base_url: str, *, language: str = "tr", timeout: float = 60) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("an http or https address is needed")
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._timeout = timeout
        self._language = language
        self._cookies: dict[str, str] = {}
        self._connection: HTTPConnection | None = None
        self.key_version: int | None = None
        """The version of the account's key that this side works with; told with every call."""

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def get(self, path: str) -> Any:
        """JSON of `GET /api/<path>`."""
        return self._json("GET", path, None)

    def get_bytes(self, path: str) -> bytes:
        """Bytes of `GET /api/<path>`."""
        return self._call("GET", path, None, "")

    def post(self, path: str, value: object = None) -> Any:
        """POST JSON; gives JSON or None."""
        return self._json("POST", path, {} if value is None else value)

    def put(self, path: str, value: object) -> Any:
        """PUT JSON; gives JSON or None."""
        return self._json("PUT", path, value)

    def put_bytes(self, path: str, value: bytes) -> None:
        """PUT an octet-stream."""
        self._call("PUT", path, value, "application/octet-stream")

    def delete(self, path: str) -> None:
        """DELETE."""
        self._json("DELETE", path, {})

    def _json(self, method: str, path: str, value: object) -> Any:
        body = None if value is None else json.dumps(value, ensure_ascii=False).encode()
        answer = self._call(method, path, body, "application/json")
        return json.loads(answer) if answer else None

    def _call(self, method: str, path: str, body: bytes | None, kind: str) -> bytes:
        headers = {"Accept-Language": self._language}
        if self._cookies:
            headers["Cookie"] = "; ".join(
                f"{name}={value}" for name, value in self._cookies.items()
            )
        if self.key_version is not None:
            headers["X-WTR-Key"] = str(self.key_version)
        if method != "GET":
            headers |= {"X-WTR": "1", "Origin": self.origin, "Content-Type": kind}
        response, answer = self._exchange(method, f"/api/{path}", body, headers)
        self._keep_cookies(response)
        if response.status >= 400:
            raise _error(response.status, answer)
        return answer

    def _exchange(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[HTTPResponse, bytes]:
        """One try, and another on a new connection if the kept one had been closed meanwhile."""
        for fresh in (self._connection is None, True):
            if fresh:
                self.close()
                self._connection = self._connect()
            assert self._connection is not None  # noqa: S101 - for the type checker
            try:
                self._connection.request(method, path, body, headers)
                response = self._connection.getresponse()
                return response, response.read()
            except (HTTPException, OSError) as error:
                self.close()
                # Only a kept connection that the server had closed: nothing was taken then.
                closed = isinstance(
                    error, (RemoteDisconnected, ConnectionResetError, BrokenPipeError)
                )
                if fresh or not closed:
                    raise Unavailable(type(error).__name__) from None
        raise Unavailable("connection")

    def _connect(self) -> HTTPConnection:
        if self._secure:
            context = ssl.create_default_context()
            return HTTPSConnection(self._host, self._port, timeout=self._timeout, context=context)
        return HTTPConnection(self._host, self._port, timeout=self._timeout)

    def _keep_cookies(self, response: HTTPResponse) -> None:
        for line in response.headers.get_all("Set-Cookie", []):
            for name, morsel in SimpleCookie(line).items():
                if morsel.value and morsel["max-age"] != "0":
                    self._cookies[name] = morsel.value
                else:
                    self._cookies.pop(name, None)


def _error(status: int, answer: bytes) -> ApiError:
    try:
        told = json.loads(answer)["error"]
        code = told.pop("code")
        told = {key: value for key, value in told.items() if key not in ("detail", "context")}
    except (ValueError, KeyError, TypeError, AttributeError):
        return ApiError("unavailable" if status in (502, 503, 504) else "server_error", status)
    return ApiError(str(code), status, told)
