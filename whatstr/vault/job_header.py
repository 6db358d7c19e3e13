"""Job header: what the sender is asked to do, signed by the account and sealed to the sender.

The header carries the job's key JK; with it the sender opens the chunks of this one job
and nothing else. Everything that the database also says in clear is repeated here, and the
sender refuses the job when the two differ, so nobody can re-aim a sealed job.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from whatstr.vault import wire
from whatstr.vault.box import VaultFormatError
from whatstr.vault.seals import open_sender_seal, seal_to_sender
from whatstr.vault.signed import Label, sign, verify

MAX_AHEAD = timedelta(days=30)
MAX_RUN = timedelta(days=7)
MAX_ROWS = 1_000_000
"""The sender takes twice what a list may hold today."""
CHUNK_ROWS = 500

_KEYS = frozenset(
    "v account job conn kid iat nb exp template chunks rows media jk".split()  # noqa: SIM905
)
_TEMPLATE_KEYS = frozenset({"name", "lang", "id"})
_MEDIA_KEYS = frozenset({"no", "sha256", "mime", "pieces"})


class HeaderRefused(VaultFormatError):
    """The sender does not run this job; the first argument is the stable reason.

    Reasons: `signature`, `format`, `account`, `job`, `conn`, `kid`, `chunks`, `rows`, `iat`,
    `nb`, `exp`, `early`, `expired`.
    """

    code = "header_refused"

    def __init__(self, reason: str, **context: object) -> None:
        super().__init__(reason, **context)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class TemplateRef:
    """Which approved template a job sends; its text is always fetched from Meta."""

    name: str
    lang: str
    id: str


@dataclass(frozen=True, slots=True)
class MediaRef:
    """One media file of a job, uploaded in `pieces` Boxes of 1 MiB."""

    no: int
    sha256: bytes
    mime: str
    pieces: int


@dataclass(frozen=True, slots=True)
class JobHeader:
    """The header; times are unix seconds: made at, not before, expires. Without a template the
    rows are free text, for people who wrote within the last 24 hours."""

    account: bytes
    job: bytes
    conn: bytes
    kid: int
    iat: int
    nb: int
    exp: int
    template: TemplateRef | None
    chunks: int
    rows: int
    media: tuple[MediaRef, ...]
    jk: bytes

    def body(self) -> bytes:
        """The bytes that are signed."""
        template, media = self.template, self.media
        return wire.dump(
            {
                "v": 1,
                "account": wire.id_text(self.account),
                "job": wire.id_text(self.job),
                "conn": wire.id_text(self.conn),
                "kid": self.kid,
                "iat": self.iat,
                "nb": self.nb,
                "exp": self.exp,
                "template": template
                and {"name": template.name, "lang": template.lang, "id": template.id},
                "chunks": self.chunks,
                "rows": self.rows,
                "media": [
                    {
                        "no": piece.no,
                        "sha256": wire.b64(piece.sha256),
                        "mime": piece.mime,
                        "pieces": piece.pieces,
                    }
                    for piece in media
                ],
                "jk": wire.b64(self.jk),
            }
        )


@dataclass(frozen=True, slots=True)
class ClearJob:
    """What the database says of the job in clear; the header must say the same."""

    account: bytes
    job: bytes
    conn: bytes
    chunks: int
    rows: int


def seal_header(header: JobHeader, *, sign_sk: bytes, epoch_pk: bytes) -> bytes:
    """Sign with the account's key, then seal to the sender's weekly key `header.kid`."""
    return seal_to_sender(header.kid, epoch_pk, sign(Label.JOB, header.body(), sign_sk))


def open_header(
    blob: bytes,
    *,
    keys: Mapping[int, bytes],
    sign_pk: bytes,
    clear: ClearJob,
    offered: Mapping[int, tuple[int, int]],
    now: datetime,
) -> JobHeader:
    """Open and check a sealed header; raises `HeaderRefused` or `SenderKeyGone`.

    `sign_pk` is the account's **pinned** key (never a column), `offered` says for each kid
    when that key was offered to browsers (nb, na in unix seconds).
    """
    kid, plain = open_sender_seal(keys, blob)
    try:
        body = verify(Label.JOB, plain, sign_pk)
    except VaultFormatError:
        raise HeaderRefused("signature") from None
    header = parse_header(body)
    if header.kid != kid:
        raise HeaderRefused("kid")
    check_header(header, clear=clear, offered=offered.get(kid), now=now)
    return header


def parse_header(body: bytes) -> JobHeader:
    """Read the signed bytes; anything unknown, missing or out of range is refused."""
    try:
        return _parse(wire.load_object(body, _KEYS))
    except HeaderRefused:
        raise
    except VaultFormatError:
        raise HeaderRefused("format") from None


def check_header(
    header: JobHeader, *, clear: ClearJob, offered: tuple[int, int] | None, now: datetime
) -> None:
    """Compare with the clear row and the clock (vault.md 9.2 and 14.6). Raises `HeaderRefused`."""
    for name in ("account", "job", "conn", "chunks", "rows"):
        if getattr(header, name) != getattr(clear, name):
            raise HeaderRefused(name)
    day = 86_400
    if offered is None or not offered[0] - day <= header.iat < offered[1] + day:
        raise HeaderRefused("iat")
    if header.nb > header.iat + MAX_AHEAD.total_seconds():
        raise HeaderRefused("nb")
    if not header.nb < header.exp <= header.nb + MAX_RUN.total_seconds():
        raise HeaderRefused("exp")
    at = now.timestamp()
    if at < header.nb:
        raise HeaderRefused("early")
    if at >= header.exp:
        raise HeaderRefused("expired")


def _parse(data: dict[str, Any]) -> JobHeader:
    template, media = data["template"], data["media"]
    if type(data["v"]) is not int or data["v"] != 1:
        raise HeaderRefused("format")
    if not isinstance(media, list) or len(media) > 16:
        raise HeaderRefused("format")
    chunks = wire.integer(data["chunks"], 1, MAX_ROWS // CHUNK_ROWS)
    rows = wire.integer(data["rows"], 1, MAX_ROWS)
    if chunks != -(-rows // CHUNK_ROWS):
        raise HeaderRefused("chunks")
    return JobHeader(
        account=wire.id_bytes(data["account"]),
        job=wire.id_bytes(data["job"]),
        conn=wire.id_bytes(data["conn"]),
        kid=wire.integer(data["kid"], high=2**32 - 1),
        iat=wire.integer(data["iat"]),
        nb=wire.integer(data["nb"]),
        exp=wire.integer(data["exp"]),
        template=None if template is None else _template(template),
        chunks=chunks,
        rows=rows,
        media=tuple(_media(entry) for entry in media),
        jk=wire.unb64(data["jk"], size=32),
    )


def _template(entry: object) -> TemplateRef:
    if not isinstance(entry, dict) or entry.keys() != _TEMPLATE_KEYS:
        raise HeaderRefused("format")
    return TemplateRef(
        name=wire.text(entry["name"], 512),
        lang=wire.text(entry["lang"], 16),
        id=wire.text(entry["id"], 64),
    )


def _media(entry: object) -> MediaRef:
    if not isinstance(entry, dict) or entry.keys() != _MEDIA_KEYS:
        raise HeaderRefused("format")
    return MediaRef(
        no=wire.integer(entry["no"], high=15),
        sha256=wire.unb64(entry["sha256"], size=32),
        mime=wire.text(entry["mime"], 128),
        pieces=wire.integer(entry["pieces"], 1, 128),
    )
