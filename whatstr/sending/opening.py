"""Opening a sealed campaign: header, chunks and files, each checked before a row leaves."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field

import sqlalchemy as sa

from whatstr.campaigns.models import CampaignChunk, CampaignMedia, CampaignSeal
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.errors import DomainError
from whatstr.core.prf import u32
from whatstr.sending import context, roots
from whatstr.sending.connections import Connection
from whatstr.sending.progress import WorkItem
from whatstr.vault.box import BoxKind, VaultFormatError, unbox
from whatstr.vault.job_header import CHUNK_ROWS, ClearJob, HeaderRefused, JobHeader, open_header
from whatstr.vault.rows import JobRow, open_job_chunk
from whatstr.vault.seals import SenderKeyGone


class Refusal(DomainError):
    """This campaign will never be sent; `reason` is a code of `whatstr.lines.reasons`."""

    code = "refused"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Held(DomainError):
    """This campaign waits until its customer has mended something; `reason` as with Refusal."""

    code = "held"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Job:
    """An opened campaign. Holds JK: lives in the sender's memory only."""

    item: WorkItem
    connection: Connection
    header: JobHeader = field(repr=False)

    @property
    def id(self) -> uuid.UUID:
        return self.item.id


def open_job(item: WorkItem, connection: Connection) -> Job:
    """Open the header and hold it against the clear row, the pins and the clock (vault design,
    9.2). Raises Refusal, and Held where its customer can mend it: the weekly key is gone, or the
    refusals of the account are not all there."""
    if connection.organization_id != item.organization_id or connection.line_id != item.line_id:
        raise Refusal("account")
    if not roots.complete(item.organization_id):
        raise Held("optout_index")
    sealed = session().scalar(
        sa.select(CampaignSeal.header).where(CampaignSeal.campaign_id == item.id)
    )
    if sealed is None:
        raise Refusal("seal_missing")
    keys = context.keyring()
    clear = ClearJob(
        account=item.organization_id.bytes,
        job=item.id.bytes,
        conn=item.line_id.bytes,
        chunks=item.chunks,
        rows=item.rows,
    )
    try:
        header = open_header(
            sealed,
            keys=keys.epoch_keys(),
            sign_pk=connection.signer_of(item.id, sealed),
            clear=clear,
            offered=keys.offered(),
            now=clock.now(),
        )
    except HeaderRefused as refused:
        raise Refusal(refused.reason) from None
    except SenderKeyGone:
        raise Held("sender_key_gone") from None
    except VaultFormatError:
        raise Refusal("format") from None
    stored = session().scalar(
        sa.select(sa.func.count())
        .select_from(CampaignChunk)
        .where(CampaignChunk.campaign_id == item.id, CampaignChunk.no < item.chunks)
    )
    if stored != item.chunks:
        raise Refusal("chunks_missing")
    return Job(item, connection, header)


def open_chunk(job: Job, no: int) -> list[JobRow]:
    """The rows of one chunk. Raises Refusal when it is missing, from elsewhere, changed, or not as
    long as its place says."""
    data = session().scalar(
        sa.select(CampaignChunk.data).where(
            CampaignChunk.campaign_id == job.id, CampaignChunk.no == no
        )
    )
    if data is None:
        raise Refusal("chunks_missing")
    header = job.header
    try:
        rows = open_job_chunk(
            header.jk, data, account=header.account, job=header.job, no=no, chunks=header.chunks
        )
    except VaultFormatError:
        raise Refusal("chunk_altered") from None
    if len(rows) != min(CHUNK_ROWS, header.rows - no * CHUNK_ROWS):
        raise Refusal("chunk_altered")
    return rows


def open_media(job: Job, no: int) -> tuple[bytes, str]:
    """The bytes and the type of one file of the campaign. Raises Refusal."""
    ref = next((entry for entry in job.header.media if entry.no == no), None)
    if ref is None:
        raise Refusal("media_altered")
    pieces = session().execute(
        sa.select(CampaignMedia.piece, CampaignMedia.data)
        .where(CampaignMedia.campaign_id == job.id, CampaignMedia.no == no)
        .order_by(CampaignMedia.piece)
    )
    parts: list[bytes] = []
    header = job.header
    for piece, data in pieces:
        aad = (header.account, header.job, u32(no), u32(piece), u32(ref.pieces))
        try:
            parts.append(unbox(header.jk, BoxKind.JOB_MEDIA, data, *aad))
        except VaultFormatError:
            raise Refusal("media_altered") from None
    whole = b"".join(parts)
    if len(parts) != ref.pieces or hashlib.sha256(whole).digest() != ref.sha256:
        raise Refusal("media_altered")
    return whole, ref.mime


def media_hash(job: Job, no: int | None) -> tuple[bytes, ...]:
    """The SHA-256 of a row's file, for its franking tag."""
    return tuple(entry.sha256 for entry in job.header.media if no is not None and entry.no == no)
