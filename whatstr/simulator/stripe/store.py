"""Where the simulator keeps what it knows: memory, and a journal when a folder is given."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

Json = dict[str, Any]


class Store:
    """Records by kind and id, in the order in which they were made.

    With a folder every change is one line of `journal.jsonl`; the file is rewritten without its
    history at each start. A line cut short by a killed process is left out.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._kinds: dict[str, dict[str, Json]] = {}
        self._journal: TextIO | None = None
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / "journal.jsonl"
            self._load(path)
            self._journal = self._compact(path)

    def put(self, kind: str, record_id: str, record: Json) -> Json:
        """Keep a record, new or changed. Changing a record in memory alone is not kept."""
        self._kinds.setdefault(kind, {})[record_id] = record
        self._write({"kind": kind, "id": record_id, "record": record})
        return record

    def drop(self, kind: str, record_id: str) -> None:
        """Forget a record; no error when there is none."""
        if self._kinds.get(kind, {}).pop(record_id, None) is not None:
            self._write({"kind": kind, "id": record_id, "record": None})

    def get(self, kind: str, record_id: str) -> Json | None:
        """The record itself, not a copy."""
        return self._kinds.get(kind, {}).get(record_id)

    def all(self, kind: str) -> list[Json]:
        """Every record of a kind, oldest first."""
        return list(self._kinds.get(kind, {}).values())

    def flush(self) -> None:
        """Hand the journal to the system: call it before an answer leaves."""
        if self._journal is not None:
            self._journal.flush()

    def close(self) -> None:
        """Close the journal; the store still answers from memory."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def _write(self, line: Json) -> None:
        if self._journal is not None:
            self._journal.write(json.dumps(line, ensure_ascii=False) + "\n")

    def _load(self, path: Path) -> None:
        for line in _whole_lines(path):
            records = self._kinds.setdefault(line["kind"], {})
            if line["record"] is None:
                records.pop(line["id"], None)
            else:
                records[line["id"]] = line["record"]

    def _compact(self, path: Path) -> TextIO:
        fresh = path.with_suffix(".new")
        journal = fresh.open("w", encoding="utf-8")
        for kind, records in self._kinds.items():
            for record_id, record in records.items():
                line = {"kind": kind, "id": record_id, "record": record}
                journal.write(json.dumps(line, ensure_ascii=False) + "\n")
        journal.flush()
        fresh.replace(path)
        return journal


def _whole_lines(path: Path) -> Iterator[Json]:
    if not path.exists():
        return
    with path.open(encoding="utf-8") as journal:
        for line in journal:
            try:
                yield json.loads(line)
            except ValueError:
                return
