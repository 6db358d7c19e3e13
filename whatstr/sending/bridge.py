"""From a slice's event loop to the database and back: short transactions in a few threads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

import flask

from whatstr.core.db import transaction

P = ParamSpec("P")
T = TypeVar("T")
_THREADS = 4
"""One for claims, one for results, one for the watch, one for tokens and the second look: none
waits for another."""


class Bridge:
    """Runs plain functions in a transaction of their own. Use it as a context manager."""

    def __init__(self, app: flask.Flask) -> None:
        self.app = app
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="sending")

    def __enter__(self) -> Bridge:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True)

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call `function` inside an application context and one committed transaction."""

        def call() -> T:
            with self.app.app_context(), transaction():
                return function(*args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    async def plain(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a blocking function that needs no database (Redis)."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, lambda: function(*args, **kwargs))
