"""Templates are compiled once a process: each module of tests has applications of its own, and
every one of them would compile its pages anew."""

from __future__ import annotations

import flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket


class _Kept(BytecodeCache):
    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._code:
            bucket.bytecode_from_string(self._code[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = bucket.bytecode_to_string()


def once() -> None:
    """From now on, for every application of this process."""
    flask.Flask.jinja_options = {"bytecode_cache": _Kept()}
