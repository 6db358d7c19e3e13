"""Rules about what people type into their profile. Pure: values in, values out."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit

from whatstr.core import phone
from whatstr.core.errors import InvalidInput

EMAIL_LENGTH = 254  # RFC 5321 section 4.5.3.1.3, less the angle brackets
WEBSITE_LENGTH = 200
_LOCAL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


def normal_email(text: str, *, field: str = "email") -> str:
    """The address, NFKC and trimmed. Raises InvalidInput for what no mail server would take."""
    address = unicodedata.normalize("NFKC", text).strip()
    local, at, host = address.rpartition("@")
    if not at or len(address) > EMAIL_LENGTH or not _LOCAL.fullmatch(local):
        raise InvalidInput(field, "email")
    if local.startswith(".") or local.endswith(".") or ".." in local:
        raise InvalidInput(field, "email")
    return f"{local}@{_host(host, field, 'email')}"


def normal_phone(text: str, *, field: str = "phone") -> str:
    """Digits with country code."""
    try:
        return phone.normalise(text).digits
    except phone.PhoneError:
        raise InvalidInput(field, "phone") from None


def normal_website(text: str, *, field: str = "website") -> str:
    """An http(s) address with a host name; `https://` is put in front where it is missing."""
    typed = unicodedata.normalize("NFKC", text).strip()
    if "://" not in typed:
        typed = f"https://{typed}"
    try:
        parts = urlsplit(typed)
        port = parts.port
    except ValueError:
        raise InvalidInput(field, "website") from None
    odd = parts.username is not None or any(ch.isspace() or ord(ch) < 32 for ch in typed)
    if parts.scheme not in ("http", "https") or odd or len(typed) > WEBSITE_LENGTH:
        raise InvalidInput(field, "website")
    host = _host(parts.hostname or "", field, "website")
    place = host if port is None else f"{host}:{port}"
    return parts._replace(netloc=place, fragment="").geturl()


def normal_tax_number(text: str, *, field: str = "tax_number") -> str:
    """A Turkish tax number (10 digits, VKN) or identity number (11 digits, TCKN) that checks."""
    digits = re.sub(r"[\s.-]", "", text)
    if not re.fullmatch(r"[0-9]{10,11}", digits):
        raise InvalidInput(field, "tax_number")
    if not (vkn_checks(digits) if len(digits) == 10 else tckn_checks(digits)):
        raise InvalidInput(field, "tax_number")
    return digits


def vkn_checks(digits: str) -> bool:
    """The check digit of a Turkish tax number (VKN): the tenth, over the first nine."""
    total = 0
    for place, digit in enumerate(digits[:9], start=1):
        shifted = (int(digit) + 10 - place) % 10
        power = shifted * 2 ** (10 - place) % 9
        total += 9 if shifted and not power else power
    return (10 - total % 10) % 10 == int(digits[9])


def tckn_checks(digits: str) -> bool:
    """The two check digits of a Turkish identity number (TCKN)."""
    d = [int(digit) for digit in digits]
    tenth = (7 * sum(d[0:9:2]) - sum(d[1:8:2])) % 10
    return d[0] != 0 and d[9] == tenth and d[10] == sum(d[:10]) % 10


def _host(text: str, field: str, reason: str) -> str:
    """A host name with at least two labels, in its ASCII form."""
    try:
        host = text.rstrip(".").encode("idna").decode().lower()
    except UnicodeError:
        raise InvalidInput(field, reason) from None
    labels = host.split(".")
    if len(labels) < 2 or len(host) > 253 or not all(_LABEL.fullmatch(one) for one in labels):
        raise InvalidInput(field, reason)
    if labels[-1].isdigit():
        raise InvalidInput(field, reason)
    return host
