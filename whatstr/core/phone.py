"""Phone numbers as people type them, made into WhatsApp's digits.

WhatsApp wants the country code first and no plus (``905321234567``). This is the twin of
``whatstr/static/js/contacts/phone.mjs``: the browser reads contact files with that one, the
server reads its own forms with this one, and ``tests/contacts/phones.json`` binds both.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType, ValidationResult

from whatstr.core.errors import DomainError


class PhoneProblem(StrEnum):
    """Why a value is no number to send to; stable, shared with the browser."""

    EMPTY = "empty"
    NOT_A_NUMBER = "not_a_number"
    SCIENTIFIC = "scientific"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    SPECIAL = "special"
    INVALID_COUNTRY = "invalid_country"
    INVALID_NUMBER = "invalid_number"
    MISSING_PLUS = "missing_plus"


class PhoneWarning(StrEnum):
    """What a valid number is worth saying about."""

    FIXED_LINE = "fixed_line"
    UNKNOWN_RANGE = "unknown_range"
    SEVERAL_NUMBERS = "several_numbers"


class PhoneError(DomainError):
    """A value that is no number to send to. Never carries the value: it would reach logs."""

    code = "invalid_phone"

    def __init__(self, problem: PhoneProblem) -> None:
        super().__init__(problem.value, reason=problem.value)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Phone:
    """Digits with country code, and what to say about them, if anything."""

    digits: str
    warning: PhoneWarning | None = None


_INVISIBLE = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_FOREIGN_DIGITS = re.compile("[\u0660-\u0669\u06f0-\u06f9]")
_EXCEL_TEXT = re.compile(r"""(?:=?"(.*)"|'(.*?)'?)""", re.DOTALL)
_SCIENTIFIC = re.compile(r"\+?\d+(?:[.,]\d+)?\s*e\s*\+?\d+", re.IGNORECASE | re.ASCII)
_WHOLE_AS_DECIMAL = re.compile(
    r"(\d{7,}|\d{1,3}(?:\.\d{3})+(?=,)|\d{1,3}(?:,\d{3})+(?=\.))[.,]0{1,2}", re.ASCII
)
_REAL_DECIMAL = re.compile(r"\d{8,}[.,]\d{1,2}", re.ASCII)
_PUNCTUATION = re.compile("[\\s()\\[\\]{}./,\\\\_'’\"`~·:\\-\u2010-\u2015\u2212]")
_BETWEEN_NUMBERS = re.compile(r"[;,/|\\&\n\r]+")
_FOLDS_TO_ONE_NUMBER = 7
_E164_DIGITS = 15

_SPECIAL_TYPES = frozenset(
    {
        PhoneNumberType.TOLL_FREE,
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.UAN,
        PhoneNumberType.VOICEMAIL,
        PhoneNumberType.PAGER,
    }
)
_FIXED_TYPES = frozenset({PhoneNumberType.FIXED_LINE, PhoneNumberType.VOIP})


def normalise(raw: str, region: str = "TR") -> Phone:
    """Make WhatsApp digits of what a person typed, or raise :class:`PhoneError`.

    Several numbers in one value: the first valid one is taken, with ``several_numbers``.
    Numbers of a range that the numbering data does not know are accepted with
    ``unknown_range``: the data ages faster than operators open ranges.
    """
    text = _tidy(raw)
    if not any(unicodedata.category(c)[0] in "LN" for c in text):
        raise PhoneError(PhoneProblem.EMPTY)
    if _SCIENTIFIC.fullmatch(text):
        raise PhoneError(PhoneProblem.SCIENTIFIC)
    try:
        return _single(text, region)
    except PhoneError:
        parts = _several_numbers(text)
        if not parts:
            raise
    for part in parts:
        try:
            return Phone(_single(part, region).digits, PhoneWarning.SEVERAL_NUMBERS)
        except PhoneError:
            continue
    return _single(parts[0], region)


def to_e164(digits: str) -> str:
    """The form with a plus, for people and for other services."""
    return f"+{digits}"


def mask(digits: str) -> str:
    """What may be shown without a reveal: ``+90 5** *** ** 67``.

    A Turkish number keeps its first and last two digits, any other its country code and its
    last two, so that a person recognises a number they know and nobody can dial it.
    """
    if re.fullmatch(r"90[0-9]{10}", digits):
        return f"+90 {digits[2]}** *** ** {digits[-2:]}"
    code = _country_code(digits)
    hidden = max(len(digits) - len(code) - 2, 0)
    return f"+{code} {'*' * hidden}{digits[-2:]}" if code else f"+{'*' * hidden}{digits[-2:]}"


def _country_code(digits: str) -> str:
    try:
        return str(phonenumbers.parse(f"+{digits}").country_code)
    except NumberParseException:
        return ""


def _tidy(raw: str) -> str:
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", raw))
    text = _FOREIGN_DIGITS.sub(lambda m: str(ord(m[0]) & 0xF), text).strip()
    quoted = _EXCEL_TEXT.fullmatch(text)
    if quoted:
        text = (quoted[1] if quoted[1] is not None else quoted[2]).strip()
    return text


def _several_numbers(text: str) -> list[str]:
    """The pieces that may each be a number; empty when there is only one."""
    pieces = [piece.strip() for piece in _BETWEEN_NUMBERS.split(text) if piece.strip()]
    if len(pieces) > 1:
        return [p for p in pieces if len(re.sub(r"[^0-9]", "", p)) >= _FOLDS_TO_ONE_NUMBER]
    words = re.split(r"\s+-\s+|\s+|-", text)
    words = [word for word in words if re.fullmatch(r"\+?[0-9]{10,}", word)]
    return words if len(words) > 1 else []


def _single(source: str, region: str) -> Phone:
    text = source.strip()
    if decimal := _WHOLE_AS_DECIMAL.fullmatch(text):
        text = decimal[1]
    elif _REAL_DECIMAL.fullmatch(text):
        raise PhoneError(PhoneProblem.NOT_A_NUMBER)
    text = _PUNCTUATION.sub("", text)
    if not re.fullmatch(r"\+*[0-9]+", text):
        raise PhoneError(PhoneProblem.NOT_A_NUMBER)
    if text.startswith("+"):
        return _international(re.sub(r"^\++(?:00)?", "", text))
    if text.startswith("00"):
        return _international(text[2:])
    if region == "TR":
        return _turkish(_without_prefixes(text), text)
    return _judged(text, region)


def _without_prefixes(digits: str) -> str:
    """0532…, 90532…, 090532…, 900532… and 532… all become 532…."""
    return re.sub(r"^0", "", re.sub(r"^0?90(?=0?[0-9]{10}$)", "", digits))


def _turkish(digits: str, written: str) -> Phone:
    """A Turkish number without country code and trunk prefix; ``written`` is what stood there."""
    if re.fullmatch(r"444[0-9]{4}", digits):
        raise PhoneError(PhoneProblem.SPECIAL)
    if len(digits) < 10:
        raise PhoneError(PhoneProblem.TOO_SHORT)
    if len(digits) > 10:
        foreign = _looks_foreign(written)
        raise PhoneError(PhoneProblem.MISSING_PLUS if foreign else PhoneProblem.TOO_LONG)
    if re.match(r"9|8(?!50)|444", digits):
        raise PhoneError(PhoneProblem.SPECIAL)
    number = phonenumbers.parse(f"+90{digits}")
    kind = phonenumbers.number_type(number)
    if digits.startswith("5"):
        known = kind == PhoneNumberType.MOBILE
        return Phone(f"90{digits}", None if known else PhoneWarning.UNKNOWN_RANGE)
    if kind == PhoneNumberType.UNKNOWN:
        raise PhoneError(PhoneProblem.INVALID_NUMBER)
    return Phone(f"90{digits}", PhoneWarning.FIXED_LINE)


def _looks_foreign(written: str) -> bool:
    if written.startswith("0") or len(written) > _E164_DIGITS:
        return False
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(f"+{written}"))
    except NumberParseException:
        return False


def _international(digits: str) -> Phone:
    """Digits that begin with a country code."""
    if digits.startswith("90"):
        return _turkish(re.sub(r"^0", "", digits[2:]), digits)
    if len(digits) > _E164_DIGITS:
        raise PhoneError(PhoneProblem.TOO_LONG)
    if len(digits) < 5:
        raise PhoneError(PhoneProblem.TOO_SHORT)
    return _judged(f"+{digits}", None)


def readable(digits: str) -> str:
    """`+90 850 555 9999`, kept on one line; what is no number stays as it is."""
    try:
        parsed = phonenumbers.parse(f"+{digits}")
    except NumberParseException:
        return digits
    shown = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return str(shown).replace(" ", "\N{NO-BREAK SPACE}")


def _judged(number: str, region: str | None) -> Phone:
    try:
        parsed = phonenumbers.parse(number, region)
    except NumberParseException as error:
        raise PhoneError(_PARSE_PROBLEMS[error.error_type]) from None
    possible = phonenumbers.is_possible_number_with_reason(parsed)
    if possible != ValidationResult.IS_POSSIBLE:
        raise PhoneError(_LENGTH_PROBLEMS.get(possible, PhoneProblem.INVALID_NUMBER))
    digits = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)[1:]
    if not phonenumbers.is_valid_number(parsed):
        return Phone(digits, PhoneWarning.UNKNOWN_RANGE)
    kind = phonenumbers.number_type(parsed)
    if kind in _SPECIAL_TYPES:
        raise PhoneError(PhoneProblem.SPECIAL)
    return Phone(digits, PhoneWarning.FIXED_LINE if kind in _FIXED_TYPES else None)


_PARSE_PROBLEMS = {
    NumberParseException.INVALID_COUNTRY_CODE: PhoneProblem.INVALID_COUNTRY,
    NumberParseException.NOT_A_NUMBER: PhoneProblem.NOT_A_NUMBER,
    NumberParseException.TOO_SHORT_AFTER_IDD: PhoneProblem.TOO_SHORT,
    NumberParseException.TOO_SHORT_NSN: PhoneProblem.TOO_SHORT,
    NumberParseException.TOO_LONG: PhoneProblem.TOO_LONG,
}
_LENGTH_PROBLEMS = {
    ValidationResult.TOO_SHORT: PhoneProblem.TOO_SHORT,
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: PhoneProblem.TOO_SHORT,
    ValidationResult.INVALID_LENGTH: PhoneProblem.TOO_SHORT,
    ValidationResult.TOO_LONG: PhoneProblem.TOO_LONG,
    ValidationResult.INVALID_COUNTRY_CODE: PhoneProblem.INVALID_COUNTRY,
}
