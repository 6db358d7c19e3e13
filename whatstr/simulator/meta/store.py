"""What the simulator remembers over a restart: one SQLite file, or nothing at all.

Changes are gathered and written together at the end of a turn of the event loop, so that a
thousand messages a second cost little. `settled` waits for that write: what was promised to a
client is in the operating system's hands before the answer leaves, and survives `kill -9` of the
simulator (not of the machine: nothing is synced to the disk).
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS item (
    kind TEXT NOT NULL, id TEXT NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS blob (id TEXT PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID;
"""
_LAZY = 0.05


class Store:
    """Documents by kind and id. Without a folder everything is a no-op."""

    def __init__(self, folder: Path | None) -> None:
        self._db: sqlite3.Connection | None = None
        self._waiting: dict[tuple[str, str], Callable[[], Any] | None] = {}
        self._turn: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(folder / "meta.sqlite3", isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = OFF")
            self._db.executescript(_SCHEMA)

    def put(self, kind: str, item: str, doc: Callable[[], Any]) -> None:
        """Remember; `doc` is asked for its JSON when it is written."""
        if self._db is not None:
            self._waiting[kind, item] = doc
            self._soon()

    def drop(self, kind: str, item: str) -> None:
        """Forget."""
        if self._db is not None:
            self._waiting[kind, item] = None
            self._soon()

    def put_blob(self, item: str, data: bytes) -> None:
        """Remember bytes, at once."""
        if self._db is not None:
            self._db.execute("INSERT OR REPLACE INTO blob VALUES (?, ?)", (item, data))

    def drop_blob(self, item: str) -> None:
        """Forget bytes, at once."""
        if self._db is not None:
            self._db.execute("DELETE FROM blob WHERE id = ?", (item,))

    def load(self, kind: str) -> Iterator[tuple[str, Any]]:
        """Everything of a kind, in the order of the ids."""
        if self._db is None:
            return
        rows = self._db.execute("SELECT id, doc FROM item WHERE kind = ? ORDER BY id", (kind,))
        for item, doc in rows:
            yield item, json.loads(doc)

    def load_blobs(self) -> dict[str, bytes]:
        """All bytes."""
        if self._db is None:
            return {}
        return dict(self._db.execute("SELECT id, data FROM blob"))

    def wipe(self, *kinds: str) -> None:
        """Forget all of these kinds."""
        self._waiting = {k: v for k, v in self._waiting.items() if k[0] not in kinds}
        if self._db is not None:
            for kind in kinds:
                self._db.execute("DELETE FROM item WHERE kind = ?", (kind,))

    async def settled(self) -> None:
        """Return when all changes so far are written; callers of one turn share one write."""
        if self._db is None or not self._waiting:
            return
        if self._turn is None:
            loop = asyncio.get_running_loop()
            self._turn = loop.create_future()
            loop.call_soon(self.flush)
        await asyncio.shield(self._turn)

    def _soon(self) -> None:
        if self._timer is None:
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:
                return
            self._timer = loop.call_later(_LAZY, self.flush)

    def flush(self) -> None:
        """Write what waits, in one transaction."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        turn, self._turn = self._turn, None
        if self._db is not None and self._waiting:
            waiting, self._waiting = self._waiting, {}
            gone = [key for key, doc in waiting.items() if doc is None]
            kept = [
                (kind, item, json.dumps(doc(), separators=(",", ":")))
                for (kind, item), doc in waiting.items()
                if doc is not None
            ]
            self._db.execute("BEGIN")
            self._db.executemany("DELETE FROM item WHERE kind = ? AND id = ?", gone)
            self._db.executemany("INSERT OR REPLACE INTO item VALUES (?, ?, ?)", kept)
            self._db.execute("COMMIT")
        if turn is not None and not turn.done():
            turn.set_result(None)

    def close(self) -> None:
        """Write what waits and close the file."""
        self.flush()
        if self._db is not None:
            self._db.close()
            self._db = None
