"""Stripe's error shape: `{"error": {"type", "code", "message", "param", ...}}`."""

from typing import Any


class StripeFault(Exception):
    """An answer other than 200.

    `begun` says whether the endpoint had begun to execute. Stripe keeps the answer under the
    idempotency key only then; a request refused by validation may be repeated with its key.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        type_: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        decline_code: str | None = None,
        begun: bool = True,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.type_ = type_
        self.code = code
        self.param = param
        self.decline_code = decline_code
        self.begun = begun

    def body(self) -> dict[str, Any]:
        """The JSON body; keys without a value are left out, as Stripe does."""
        fields = {
            "code": self.code,
            "decline_code": self.decline_code,
            "doc_url": f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}"
            if self.code
            else None,
            "message": self.message,
            "param": self.param,
            "type": self.type_,
        }
        return {"error": {key: value for key, value in fields.items() if value is not None}}


def no_such(kind: str, object_id: str, *, param: str = "id", in_path: bool = True) -> StripeFault:
    """404 for an id in the path, 400 for one in the body; the code is the same."""
    words = kind.replace("checkout.session", "checkout session")
    return StripeFault(
        f"No such {words}: '{object_id}'",
        status=404 if in_path else 400,
        code="resource_missing",
        param=param,
    )


def refuse_parameter(message: str, *, param: str, code: str | None = None) -> StripeFault:
    """A request that fails validation: nothing begins, nothing is kept under its key."""
    return StripeFault(message, code=code, param=param, begun=False)
