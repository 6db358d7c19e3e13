"""Reading the panel's forms, and answering a refusal on the page it came from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

import flask
from werkzeug.wrappers import Response

from whatstr.core.db import session, transaction
from whatstr.core.errors import Conflict, DomainError, InvalidInput
from whatstr.core.web import sentence

E = TypeVar("E", bound=StrEnum)


def text(name: str) -> str:
    return flask.request.form.get(name, "").strip()


def number(name: str) -> int:
    """A whole number. Raises InvalidInput."""
    try:
        return int(text(name))
    except ValueError:
        raise InvalidInput(name, "not_a_number") from None


def kurus(name: str) -> int:
    """An amount in lira as people write it (`1.250,50` or `1250.50`), in kuruş."""
    said = text(name).replace("₺", "").replace(" ", "")
    whole, mark, rest = said.rpartition("," if "," in said else ".")
    if not mark or (mark == "." and len(rest) == 3):
        whole, rest = said, ""
    whole = whole.replace(".", "").replace(",", "")
    if not (whole.isdecimal() and len(rest) <= 2 and (rest == "" or rest.isdecimal())):
        raise InvalidInput(name, "not_an_amount")
    return int(whole) * 100 + int(rest.ljust(2, "0") or 0)


def choice(name: str, kind: type[E]) -> E:
    """A value of an enum. Raises InvalidInput."""
    try:
        return kind(text(name))
    except ValueError:
        raise InvalidInput(name, "unknown") from None


def choices(name: str, kind: type[E]) -> list[E]:
    """Several values of an enum. Raises InvalidInput."""
    try:
        return [kind(one) for one in flask.request.form.getlist(name)]
    except ValueError:
        raise InvalidInput(name, "unknown") from None


def day(name: str) -> date | None:
    """A date as browsers send it, or None for an empty field. Raises InvalidInput."""
    said = text(name)
    try:
        return date.fromisoformat(said) if said else None
    except ValueError:
        raise InvalidInput(name, "not_a_date") from None


def needed_day(name: str) -> date:
    """A date. Raises InvalidInput."""
    found = day(name)
    if found is None:
        raise InvalidInput(name, "missing")
    return found


def confirmed() -> bool:
    """Whether the person has seen the consequences and said yes."""
    return text("confirmed") == "1"


@contextmanager
def refusals() -> Iterator[list[str]]:
    """Run a change in one transaction; a refusal becomes a sentence in the yielded list."""
    said: list[str] = []
    try:
        with transaction():
            yield said
    except DomainError as error:
        session().expire_all()
        said.append(sentence(error))


@dataclass
class Answer:
    """What a refused form is answered with; None while nothing was refused."""

    page: tuple[str, int] | None = None


@contextmanager
def refused(
    show: Callable[..., str], *args: Any, late: Callable[[], tuple[str, int]] | None = None
) -> Iterator[Answer]:
    """Run a change in one transaction; a refusal shows the form again with what was typed and the
    sentence beside its field, through `show(*args, errors=…)`. What came too late is answered with
    `late()` where it is given (`admin.conflicts`)."""
    answer = Answer()
    try:
        with transaction():
            yield answer
    except DomainError as error:
        session().expire_all()
        if late is not None and isinstance(error, Conflict):
            answer.page = late()
            return
        field = str(error.context.get("field", ""))
        answer.page = show(*args, errors={field: [sentence(error)]}), error.status


def back(url: str, said: list[str], done: str) -> Response:
    """To a page of ours, with what was refused or what was done."""
    if said:
        for one in said:
            flask.flash(one, "danger")
    elif done:
        flask.flash(done, "ok")
    return flask.redirect(url)


def chosen(pairs: list[tuple[str, str]], value: Any) -> str:
    """The label of a value among options."""
    return next((label for key, label in pairs if key == str(value)), str(value))
