"""A sender on real servers with a sealed campaign: what the tests of the engine stand on."""

from __future__ import annotations

import json
import os
import urllib.request
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import flask
import psycopg
from nacl import bindings
from psycopg.rows import dict_row

from whatstr.core.db import db, transaction
from whatstr.sending import context
from whatstr.sending.connections import Connection, store_connection
from whatstr.sending.keyring import Keyring
from whatstr.sending.slices import run_slice
from whatstr.simulator.meta import MetaThread, seed
from whatstr.vault.indexes import Purpose, ix
from whatstr.vault.job_header import CHUNK_ROWS, JobHeader, TemplateRef, seal_header
from whatstr.vault.rows import JobRow, box_job_chunk

TEMPLATE = TemplateRef("hafta_sonu_firsati", "tr", "740000000000001")
CALM = {
    "line_limit": False,
    "pair_interval": 0.0,
    "webhook_hold": True,
    "sent_ms": 1,
    "delivered_ms": 1,
    "read_ms": 1,
}
_serial = iter(range(10**9))


def people(count: int, *, ending: str = "00") -> list[str]:
    """Numbers that no other test uses; the ending decides what the person does. The 0 before it
    keeps a serial number from making a longer ending (…2 and 20 would be 220, which replies)."""
    return [f"90532{next(_serial):04d}0{ending}" for _ in range(count)]


def fault(stage: Stage, **values: Any) -> None:
    """Something goes wrong at Meta from now on."""
    stage.ask("POST", "/_sim/faults", values)


def within(stage: Stage, call: Callable[[], Any]) -> Any:
    """Call it as the sender's processes do: in a transaction of their application."""
    with stage.app.app_context(), transaction():
        return call()


def soon(stage: Stage) -> None:
    """Waiting rows are due now."""
    stage.sql(
        "UPDATE message SET not_before = now() - interval '1 second' WHERE not_before > now()"
    )


def job_rows(numbers: Sequence[str]) -> list[JobRow]:
    return [JobRow(to, (f"Kişi {place}", "%20")) for place, to in enumerate(numbers)]


@dataclass
class Sealed:
    """A campaign as the browser made it."""

    id: uuid.UUID
    header: JobHeader
    sealed: bytes
    chunks: list[bytes]
    rows: list[JobRow]


@dataclass
class Stage:
    """One organization with one connected line."""

    app: flask.Flask
    owner: psycopg.Connection[dict[str, Any]]
    meta: MetaThread
    keyring: Keyring
    organization: uuid.UUID = field(default_factory=uuid.uuid4)
    member: uuid.UUID = field(default_factory=uuid.uuid4)
    line: uuid.UUID = field(default_factory=uuid.uuid4)
    sign: tuple[bytes, bytes] = field(default_factory=lambda: _sign_pair(os.urandom(32)))
    box: tuple[bytes, bytes] = field(
        default_factory=lambda: bindings.crypto_box_seed_keypair(os.urandom(32))
    )

    def sql(self, text: str, *values: Any) -> list[dict[str, Any]]:
        """Run a statement as the owner of the tables."""
        cursor = self.owner.execute(text, values)
        return cursor.fetchall() if cursor.description else []

    # Making things ----------------------------------------------------------------------------

    def set_up(self) -> None:
        now = datetime.now(UTC)
        self.sql(
            "INSERT INTO organization (id, version, state, language, created_at, resend_unknown,"
            " name) VALUES (%s, 1, 'active', 'tr', %s, true, 'x')",
            self.organization,
            now,
        )
        self.sql(
            "INSERT INTO member (id, organization_id, role, state, language, created_at,"
            " preferences, kdf, salt, auth_hash, recovery_hash, key_version, member_pk, wrap_pw,"
            " wrap_recovery, name, email)"
            " VALUES (%s, %s, 'owner', 'active', 'tr', %s, '{}', '', '', '', '', 1, '', 'x', '',"
            " 'x', 'x')",
            self.member,
            self.organization,
            now,
        )
        self.add_line(self.line, seed.LINE_IDS[0])

    def add_line(self, line: uuid.UUID, phone_number_id: str) -> None:
        self.sql(
            "INSERT INTO line (id, organization_id, state, throughput, quality, health,"
            " limit_tier, connected_at, checked_at) VALUES (%s, %s, 'connected', 1000, 'GREEN',"
            " '{}', 'TIER_UNLIMITED', now(), now())",
            line,
            self.organization,
        )
        with self.app.app_context(), transaction():
            store_connection(self.connection(line, phone_number_id))

    def connection(
        self, line: uuid.UUID | None = None, phone_number_id: str = seed.LINE_IDS[0]
    ) -> Connection:
        return Connection(
            line_id=line or self.line,
            organization_id=self.organization,
            waba_id=seed.WABA_ID,
            phone_number_id=phone_number_id,
            token=seed.TOKEN,
            pin="",
            sign_pk=self.sign[0],
            box_pk=self.box[0],
        )

    def seal(
        self,
        rows: Sequence[JobRow],
        *,
        campaign: uuid.UUID | None = None,
        changes: Mapping[str, Any] | None = None,
        sign_sk: bytes | None = None,
        kid: int | None = None,
    ) -> Sealed:
        """What the browser makes of rows; `changes` go into the header before it is signed."""
        campaign = campaign or uuid.uuid4()
        now = datetime.now(UTC)
        kid = self.keyring.current_kid(now) if kid is None else kid
        total = -(-len(rows) // CHUNK_ROWS)
        header = JobHeader(
            account=self.organization.bytes,
            job=campaign.bytes,
            conn=self.line.bytes,
            kid=kid,
            iat=int(now.timestamp()),
            nb=int(now.timestamp()) - 60,
            exp=int((now + timedelta(days=2)).timestamp()),
            template=TEMPLATE,
            chunks=total,
            rows=len(rows),
            media=(),
            jk=os.urandom(32),
        )
        header = replace(header, **(changes or {}))
        chunks = [
            box_job_chunk(
                header.jk,
                rows[no * CHUNK_ROWS : (no + 1) * CHUNK_ROWS],
                account=self.organization.bytes,
                job=campaign.bytes,
                no=no,
                chunks=total,
            )
            for no in range(total)
        ]
        sealed = seal_header(
            header, sign_sk=sign_sk or self.sign[1], epoch_pk=self.keyring.epoch_public(kid)
        )
        return Sealed(campaign, header, sealed, chunks, list(rows))

    def launch(
        self, made: Sealed, *, state: str = "queued", line: uuid.UUID | None = None, **clear: Any
    ) -> uuid.UUID:
        """Put a sealed campaign into the database; `clear` overrides the clear row."""
        now = datetime.now(UTC)
        row = {
            "rows": len(made.rows),
            "chunks": len(made.chunks),
            "due_at": now,
            "expires_at": now + timedelta(days=2),
            **clear,
        }
        self.sql(
            "INSERT INTO campaign (id, organization_id, line_id, member_id, kind, state, rows,"
            " chunks, media, due_at, expires_at, jk_wrap, record, created_at, committed_at,"
            " state_changed_at) VALUES (%s, %s, %s, %s, 'marketing', %s, %s, %s, '[]', %s, %s,"
            " '', '', now(), now(), now())",
            made.id,
            self.organization,
            line or self.line,
            self.member,
            state,
            row["rows"],
            row["chunks"],
            row["due_at"],
            row["expires_at"],
        )
        self.sql(
            "INSERT INTO campaign_seal (campaign_id, kid, header) VALUES (%s, %s, %s)",
            made.id,
            made.header.kid,
            made.sealed,
        )
        for no, data in enumerate(made.chunks):
            self.sql(
                "INSERT INTO campaign_chunk (campaign_id, no, data) VALUES (%s, %s, %s)",
                made.id,
                no,
                data,
            )
        return made.id

    def campaign(self, numbers: Sequence[str], **clear: Any) -> uuid.UUID:
        """Seal and launch in one step."""
        return self.launch(self.seal(job_rows(numbers)), **clear)

    def opt_out(self, *numbers: str) -> None:
        for number in numbers:
            self.sql(
                "INSERT INTO s_optout (organization_id, recipient_ix, via, at)"
                " VALUES (%s, %s, 'word', now())",
                self.organization,
                self.recipient_ix(number),
            )

    def recipient_ix(self, number: str) -> bytes:
        return ix(self.keyring.ik, Purpose.RECIPIENT, self.organization.bytes, number)

    # Running and looking ----------------------------------------------------------------------

    def run(self, line: uuid.UUID | None = None) -> None:
        """One slice, in this process."""
        with self.app.app_context():
            run_slice.__wrapped__((line or self.line).hex)  # its own error, not a bare code

    def state(self, campaign: uuid.UUID) -> tuple[str, str | None]:
        (row,) = self.sql("SELECT state, reason_code FROM campaign WHERE id = %s", campaign)
        return row["state"], row["reason_code"]

    def counts(self, campaign: uuid.UUID) -> dict[str, int]:
        found = self.sql(
            "SELECT status, count(*) AS n FROM message WHERE campaign_id = %s GROUP BY status",
            campaign,
        )
        return {row["status"]: row["n"] for row in found}

    def codes(self, campaign: uuid.UUID) -> dict[int | None, int]:
        found = self.sql(
            "SELECT code, count(*) AS n FROM message WHERE campaign_id = %s"
            " AND status IN ('failed', 'suppressed') GROUP BY code",
            campaign,
        )
        return {row["code"]: row["n"] for row in found}

    def ledger(self) -> dict[str, Any]:
        return dict(self.ask("GET", "/_sim/ledger/summary"))

    def settings(self, **values: Any) -> None:
        self.ask("POST", "/_sim/settings", values)

    def set_tier(self, tier: str, **more: str) -> None:
        """What Meta says of the limit of the portfolio, and of its first line."""
        self.ask(
            "POST",
            "/_sim/quality",
            {"phone_number_id": seed.LINE_IDS[0], "current_limit": tier, **more},
        )

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.meta.url + path,
            data=data,
            method=method,
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.loads(response.read() or b"null")

    def close(self) -> None:
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()
            context.pace_redis().close()


def _sign_pair(key: bytes) -> tuple[bytes, bytes]:
    public, secret = bindings.crypto_sign_seed_keypair(key)
    return public, secret


def open_owner(url: str) -> psycopg.Connection[dict[str, Any]]:
    return psycopg.connect(
        url.replace("postgresql+psycopg://", "postgresql://"), autocommit=True, row_factory=dict_row
    )
