"""Campaigns of the Python client: seal, upload, commit, watch, report."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from whatstr.core import clock
from whatstr.vault import keys, rows, wire
from whatstr.vault.client_state import ClientState, Progress, chunked
from whatstr.vault.job_header import JobHeader, TemplateRef, seal_header
from whatstr.vault.rows import CHUNK_ROWS, JobRow

OVER = frozenset({"done", "cancelled", "expired", "refused"})
"""States after which nothing more is sent."""


class CampaignsClient:
    """Launch campaigns and see what became of them."""

    def __init__(self, state: ClientState) -> None:
        self._state = state

    def launch(
        self,
        people: Sequence[JobRow],
        *,
        title: str,
        line: str,
        template: Mapping[str, Any],
        kind: str = "marketing",
        list_id: str = "",
        list_name: str = "",
        due_at: datetime | None = None,
        lasts: timedelta = timedelta(days=2),
        documents: Sequence[Mapping[str, Any]] = (),
        progress: Progress | None = None,
    ) -> str:
        """Seal a campaign for the sender, upload it and commit; gives its id. It `lasts` so long
        from its start: less than a day leaves no time to try anybody again tomorrow."""
        job, jk = os.urandom(16), os.urandom(32)
        record = {
            "title": title,
            "template": {
                key: template.get(key)
                for key in ("id", "name", "language", "category", "components")
            },
            "list": {"id": list_id, "name": list_name},
            "columns": [],
            "mapping": {},
            "rows": len(people),
        }
        body = self._campaign_body(job, jk, record, len(people), line, kind, due_at, lasts)
        body["documents"] = list(documents)
        have = set(self._state.api.post("campaigns", body)["have"])
        chunks = body["chunks"]
        for no, some in chunked(people):
            if no not in have:
                blob = rows.box_job_chunk(
                    jk, some, account=self._state.vault.account, job=job, no=no, chunks=chunks
                )
                self._state.api.put_bytes(f"campaigns/{job.hex()}/chunks/{no}", blob)
            if progress:
                progress(min((no + 1) * CHUNK_ROWS, len(people)), len(people))
        self._state.api.post(f"campaigns/{job.hex()}/commit")
        return job.hex()

    def get(self, campaign: str) -> dict[str, Any]:
        """State and counts, as the API gives them."""
        found: dict[str, Any] = self._state.api.get(f"campaigns/{campaign}")
        return found

    def watch(
        self,
        campaign: str,
        *,
        seconds: float,
        gap: float = 0.5,
        settled: Callable[[dict[str, Any]], bool] | None = None,
    ) -> Iterator[dict[str, Any]]:
        """The campaign again and again until it is over (or `settled` says so) or time is up."""
        until = time.monotonic() + seconds
        enough = settled or (lambda found: found["state"] in OVER)
        while True:
            found = self.get(campaign)
            yield found
            if enough(found) or time.monotonic() > until:
                return
            time.sleep(gap)

    def messages(self, campaign: str) -> dict[int, list[Any]]:
        """{row: [status, code, times...]} of every row that has a message."""
        found: dict[int, list[Any]] = {}
        after: int | None = -1
        while after is not None:
            said = self._state.api.get(f"campaigns/{campaign}/messages?after={after}&limit=5000")
            found |= {row: state for row, *state in said["rows"]}
            after = said["next"]
        return found

    def _campaign_body(
        self, job: bytes, jk: bytes, record: Mapping[str, Any], count: int, line: str,
        kind: str, due_at: datetime | None, lasts: timedelta,
    ) -> dict[str, Any]:  # fmt: skip
        vault, cert, now = self._state.vault, self._state.sender_key(), clock.now()
        begins = max(due_at or now, now)
        # A launch "now" holds even if this clock is ahead of the sender's.
        not_before = begins if due_at else begins - timedelta(hours=1)
        expires = begins + lasts
        template = record["template"]
        header = JobHeader(
            vault.account, job, wire.id_bytes(line), cert.kid,
            int(now.timestamp()), int(not_before.timestamp()), int(expires.timestamp()),
            TemplateRef(template["name"], template["language"], str(template["id"] or "")),
            -(-count // CHUNK_ROWS), count, (), jk,
        )  # fmt: skip
        sign_sk = keys.account_sign_pair(vault.ak).secret
        jk_wrap = keys.wrap_job_key(vault.vk, jk, account=vault.account, job=job)
        boxed = rows.box_record(
            jk, record, account=vault.account, owner=job, kind="campaign", version=1
        )
        return {
            "id": job.hex(),
            "line": line,
            "kind": kind,
            "rows": count,
            "chunks": header.chunks,
            "media": [],
            "due_at": iso(due_at) if due_at else None,
            "expires_at": iso(datetime.fromtimestamp(header.exp, UTC)),
            "kid": cert.kid,
            "header": wire.b64(seal_header(header, sign_sk=sign_sk, epoch_pk=cert.pk)),
            "jk_wrap": wire.b64(jk_wrap),
            "record": wire.b64(boxed),
        }


def iso(instant: datetime) -> str:
    """An instant as the API writes it."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
