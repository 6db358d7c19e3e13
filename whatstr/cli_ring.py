"""`flask whatstr staff-ring …`: change the keys of the staff tier while the service runs."""

from __future__ import annotations

import base64
import json
import os
import time
from pathlib import Path
from typing import Any

import click
import flask
import sqlalchemy as sa
from flask.cli import AppGroup
from sqlalchemy.orm import Session
from sqlalchemy_utils.types.encrypted.encrypted_type import InvalidCiphertextError

from whatstr.core import reseal
from whatstr.core.crypto import Ring
from whatstr.core.db import db

_WAIT = 2.5 * Ring.RELOAD_SECONDS
"""After this every process has read a changed file."""

group = AppGroup("staff-ring", help="Change the keys of the staff tier.")


class RingFiles:
    """The same ring in one file for each process that holds it."""

    def __init__(self, paths: tuple[Path, ...]) -> None:
        self.paths = paths
        rings = []
        for path in paths:
            try:
                Ring.open(str(path.resolve()))
                rings.append(json.loads(path.read_text()))
            except (OSError, ValueError) as error:
                raise click.ClickException(f"{path}: {error}") from None
        if any(ring != rings[0] for ring in rings):
            raise click.ClickException("these files do not hold the same ring")
        self.ring: dict[str, Any] = rings[0]

    def write(self) -> None:
        """Replace every file at once, with its owner and mode, and take the ring into use here."""
        text = json.dumps(self.ring)
        for path in self.paths:
            before = path.stat()
            new = path.with_name(path.name + ".new")
            new.unlink(missing_ok=True)
            handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(text)
                os.fchown(file.fileno(), before.st_uid, before.st_gid)
                os.fchmod(file.fileno(), before.st_mode & 0o777)
                os.fsync(file.fileno())
            new.replace(path)
        Ring.load(text)


def _refuse_another_ring() -> None:
    with Session(db.engine) as session:
        if reseal.is_another_ring(session):
            raise click.ClickException(
                "nothing that is stored opens with this ring: it is not the one it was sealed"
                " under. Nothing was changed. Put back an offline copy of the ring (operations.md,"
                ' "The staff ring is lost")'
            )


def _new_key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


@group.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@flask.cli.with_appcontext
def status(files: tuple[Path, ...]) -> None:
    """Say which key is current and how many values lie under each."""
    ring = RingFiles(files).ring
    with Session(db.engine) as session:
        found = reseal.counts(session)
    for kid in sorted({*map(int, ring["keys"]), *found}):
        words = (
            "current"
            if kid == ring["current"]
            else "known"
            if str(kid) in ring["keys"]
            else "MISSING"
        )
        click.echo(f"key {kid}: {found.get(kid, 0)} values, {words}")
    _refuse_another_ring()


@group.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--index", "of_index", is_flag=True, help="The key of the blind indexes instead.")
@click.option(
    "--step",
    is_flag=True,
    help="One change of the files only: for processes that must be restarted to learn of it.",
)
@flask.cli.with_appcontext
def rotate(files: tuple[Path, ...], *, of_index: bool, step: bool) -> None:
    """Add a key, use it, seal everything anew, drop the old one.

    FILES are the ring files of web, admin and worker (WHATSTR_STAFF_RING=/path). Can be stopped and
    started again at any point; nobody is kept waiting meanwhile.
    """
    held = RingFiles(files)
    _refuse_another_ring()
    steps = _index_steps(held) if of_index else _key_steps(held)
    for words, work in steps:
        click.echo(words)
        try:
            work()
        except InvalidCiphertextError as error:
            raise click.ClickException(
                f"a value of {error} does not open; the old key stays"
            ) from None
        if step:
            click.echo("restart web, admin and worker, then run this again")
            return
        time.sleep(_WAIT)
    with Session(db.engine) as session:
        total = sum(reseal.counts(session).values())
    click.echo(json.dumps({"rotated": "index" if of_index else "key", "values": total}))


def _key_steps(held: RingFiles) -> Any:
    """What is still to be done, in order: the ring itself says how far an earlier run came."""
    ring = held.ring
    if len(ring["keys"]) == 1:
        kid = max(map(int, ring["keys"])) + 1
        if kid > 255:
            raise click.ClickException("key ids end at 255: start with a new ring file")

        def add() -> None:
            ring["keys"][str(kid)] = _new_key()
            held.write()

        yield f"adding key {kid}", add
    newest = max(map(int, ring["keys"]))
    if ring["current"] != newest:

        def use() -> None:
            ring["current"] = newest
            held.write()

        yield f"sealing under key {newest} from now on", use

    def drop() -> None:
        with Session(db.engine) as session:
            _older_writers_end(session)
            reseal.reseal(session, done=lambda rows: click.echo(f"  {rows} rows sealed anew"))
            left = {kid for kid in reseal.counts(session) if kid != newest}
        if left:
            raise click.ClickException(
                f"values under key {min(left)} came in between: run this again"
            )
        ring["keys"] = {str(newest): ring["keys"][str(newest)]}
        held.write()

    yield "sealing everything anew, then dropping the old key", drop


def _index_steps(held: RingFiles) -> Any:
    ring = held.ring
    if "other_index" not in ring:

        def add() -> None:
            ring["other_index"], ring["index_moved"] = _new_key(), False
            held.write()

        yield "adding an index key: searches look under both", add
    if not ring.get("index_moved"):

        def use() -> None:
            ring["index"], ring["other_index"] = ring["other_index"], ring["index"]
            ring["index_moved"] = True
            held.write()

        yield "writing under the new index key from now on", use

    def drop() -> None:
        with Session(db.engine) as session:
            _older_writers_end(session)
            reseal.reindex(session, done=lambda rows: click.echo(f"  {rows} rows indexed anew"))
        del ring["other_index"], ring["index_moved"]
        held.write()

    yield "computing every index anew, then dropping the old key", drop


def _older_writers_end(session: Session) -> None:
    """Wait until no transaction is open that may have written under the old key."""
    now = session.scalar(sa.text("SELECT pg_current_xact_id()::text::bigint"))
    session.commit()
    oldest = sa.text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    while (session.scalar(oldest) or 0) <= (now or 0):
        session.commit()
        time.sleep(0.1)
    session.commit()
