"""What is gathered for the scan: live rows and deleted ones, keys and the log of what they were."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from psycopg import sql

from tests.leaks.patterns import Kind, Planted
from tests.leaks.scanner import Scanner
from tests.leaks.sources import dump_database, dump_queue, left_behind
from tests.services import private_folder
from whatstr.local.postgres import DATABASE, OWNER, EmbeddedPostgres
from whatstr.local.valkey import EmbeddedValkey

VALUES = {
    "kept": Planted("kept", "Şükran Çağlıoğlu"),
    "deleted": Planted("deleted", "905321239876", kind=Kind.PHONE),
    "packed": Planted("packed", "Kapı kodumuz 5820"),
    "waiting": Planted("waiting", "Yarınki gizli çağrı 8812"),
    "forgotten": Planted("forgotten", "Sümbül gecesi davetlileri"),
    "logged": Planted("logged", "Zümrüt-7393-Nergis"),
    "secret": Planted("secret", "uzun-bir-kasa-parolası"),
    "simulated": Planted("simulated", "Yakut-7392-Sümbül"),
}


@pytest.fixture(scope="module")
def found() -> Iterator[dict[str, set[str]]]:
    """Which values lie in which files of a data folder that was used and left."""
    with private_folder() as folder:
        data_dir = folder / "data"
        data_dir.mkdir(mode=0o711)
        server, queue = EmbeddedPostgres(data_dir), EmbeddedValkey(data_dir, "queue")
        server.start()
        queue.start()
        try:
            _fill_database(server)
            _fill_queue(queue)
            _write_files(data_dir)
            dump_database(server, data_dir / "dump.sql")
            dump_queue(queue.url, data_dir / "dump.queue")
        finally:
            queue.stop()
            server.stop()
        scanner = Scanner(list(VALUES.values()))
        scanner.scan_files(left_behind(data_dir), root=data_dir)
        yield {
            name: {hit.source for hit in scanner.result.hits if hit.planted == name}
            for name in VALUES
        }


def _fill_database(server: EmbeddedPostgres) -> None:
    with server.superuser(DATABASE) as connection:
        connection.execute(sql.SQL("CREATE TABLE thing (a text, b bytea)"))
        connection.execute(sql.SQL("ALTER TABLE thing OWNER TO {}").format(sql.Identifier(OWNER)))
        packed = VALUES["packed"].value.encode()
        kept = VALUES["kept"].value
        connection.execute("INSERT INTO thing VALUES (%s, %s)", [kept, packed])
        connection.execute("INSERT INTO thing (a) VALUES (%s)", [VALUES["deleted"].value])
        connection.execute("DELETE FROM thing WHERE b IS NULL")


def _fill_queue(queue: EmbeddedValkey) -> None:
    with redis.Redis.from_url(queue.url) as connection:
        connection.hset("rq:job:1", mapping={"data": VALUES["waiting"].value})
        connection.set("gone", VALUES["forgotten"].value)
        connection.delete("gone")


def _write_files(data_dir: Path) -> None:
    for place, name in (
        ("logs/web.log", "logged"),
        ("logs/simulator-meta.log", "simulated"),
        ("meta/world.db", "simulated"),
        ("secrets/code.txt", "secret"),
    ):
        path = data_dir / place
        path.parent.mkdir(exist_ok=True)
        path.write_text(VALUES[name].value)


def test_rows_and_keys_lie_in_the_dumps(found: dict[str, set[str]]) -> None:
    assert "dump.sql" in found["kept"] & found["packed"]
    assert "dump.queue" in found["waiting"]


def test_deleted_rows_and_keys_lie_in_the_raw_files(found: dict[str, set[str]]) -> None:
    assert "dump.sql" not in found["deleted"]
    assert any("/pg_wal/" in source for source in found["deleted"])
    assert any("/base/" in source for source in found["deleted"])
    assert "dump.queue" not in found["forgotten"]
    assert any("appendonlydir" in source for source in found["forgotten"])


def test_logs_count_and_simulators_and_secrets_do_not(found: dict[str, set[str]]) -> None:
    assert found["logged"] == {"logs/web.log"}
    assert found["simulated"] == found["secret"] == set()
