"""Messages of one template, fast: what rows of one shape have in common is worked out once.

`bodies.fill` says what a message is. A form is what it makes of a row of marks, cut at the marks;
filling it in is a few joins of text, where making and dumping the whole body was the dearest part
of a row.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from whatstr.sending.bodies import CODE_VALUE, FREE_TEXT, Template, fill
from whatstr.sending.mref import code_of, new_mref, opaque_of
from whatstr.vault.identity import is_user_id
from whatstr.vault.rows import JobRow

_json = json.JSONEncoder().encode
_Shape = tuple[int, int, int, bool, str | None]


@dataclass(frozen=True, slots=True)
class Written:
    """One message: the JSON of the request, and every line its recipient reads."""

    body: bytes
    lines: list[str]


@dataclass(frozen=True, slots=True)
class _Gaps:
    """A text for `%`, and which value goes into each of its gaps."""

    text: str
    places: tuple[int, ...]

    @classmethod
    def cut(cls, text: str, marks: Sequence[str]) -> _Gaps:
        found = re.compile("|".join(map(re.escape, marks)))
        parts = [part.replace("%", "%%") for part in found.split(text)]
        return cls("%s".join(parts), tuple(marks.index(mark) for mark in found.findall(text)))

    def filled(self, values: Sequence[str]) -> str:
        return self.text % tuple([values[place] for place in self.places])


class Forms:
    """The forms of one template."""

    def __init__(self, template: Template) -> None:
        self.template = template
        self._known: dict[_Shape, tuple[_Gaps, _Gaps | None]] = {}

    def write(self, row: JobRow, *, mref: bytes, media_id: str | None = None) -> Written:
        """What `bodies.fill` makes of the row."""
        values = [row.to, opaque_of(mref), *row.params, *row.header, *row.buttons]
        if CODE_VALUE in values:
            code = code_of(mref)
            values = [code if value == CODE_VALUE else value for value in values]
        if self.template is FREE_TEXT or any("\n" in value for value in values):
            made = fill(self.template, row, mref=mref, media_id=media_id)
            return Written(_json(made.body).encode(), made.lines)
        body, lines = self._form(row, media_id)
        return Written(
            body.filled([_json(value)[1:-1] for value in values]).encode(),
            lines.filled(values).split("\n") if lines else [],
        )

    def _form(self, row: JobRow, media_id: str | None) -> tuple[_Gaps, _Gaps | None]:
        counts = len(row.params), len(row.header), len(row.buttons)
        shape = (*counts, is_user_id(row.to), media_id)
        found = self._known.get(shape)
        if found is None:
            found = self._known[shape] = self._cut(row, media_id)
        return found

    def _cut(self, row: JobRow, media_id: str | None) -> tuple[_Gaps, _Gaps | None]:
        to = f"TR.{secrets.token_hex(16)}" if is_user_id(row.to) else str(secrets.randbits(128))
        mref = new_mref()
        params, header, buttons = (
            tuple(secrets.token_hex(16) for _ in values)
            for values in (row.params, row.header, row.buttons)
        )
        made = fill(
            self.template, JobRow(to, params, header, buttons), mref=mref, media_id=media_id
        )
        marks = [to, opaque_of(mref), *params, *header, *buttons]
        lines = _Gaps.cut("\n".join(made.lines), marks) if made.lines else None
        return _Gaps.cut(_json(made.body), marks), lines
