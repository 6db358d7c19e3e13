"""Everything that the service leaves on its machine, as a thief would take it."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import redis

from whatstr.local import pg_cluster, pg_programs
from whatstr.local.pg_cluster import SUPERUSER
from whatstr.local.postgres import DATABASE, EmbeddedPostgres

SIMULATORS = ("meta", "stripe")
SECRETS = "secrets"


def dump_database(server: EmbeddedPostgres, target: Path) -> Path:
    """pg_dump of all tables and rights, and everything dirty written to the data files."""
    account = pg_programs.server_account()
    home = pg_programs.server_home(server.data_dir, account=account)
    program = pg_programs.programs(home, account=account) / "pg_dump"
    address = server.url(SUPERUSER, password="-").replace("+psycopg", "").replace(":-@", "@")
    with target.open("wb") as file:
        subprocess.run(
            [str(program), "--dbname", address, "--no-password"],
            stdout=file,
            env=pg_cluster.ENVIRONMENT | {"PGPASSWORD": server.password(SUPERUSER)},
            check=True,
        )
    with server.superuser(DATABASE) as connection:
        connection.execute("CHECKPOINT")
        connection.execute("SELECT pg_switch_wal()")
    return target


def dump_queue(address: str, target: Path) -> Path:
    """Every key of a Valkey with its value, and a snapshot file without its own compression."""
    with redis.Redis.from_url(address) as connection, target.open("wb") as file:
        connection.config_set("rdbcompression", "no")
        connection.save()
        for key in connection.scan_iter("*"):
            for part in (key, *_values(connection, key), connection.dump(key) or b""):
                file.write(part + b"\n")
        file.write(repr(connection.info("all")).encode())
    return target


def _values(connection: redis.Redis, key: bytes) -> Iterator[bytes]:
    kind = connection.type(key).decode()
    match kind:
        case "string":
            yield connection.get(key) or b""
        case "hash":
            for name, value in connection.hgetall(key).items():
                yield name
                yield value
        case "list":
            yield from connection.lrange(key, 0, -1)
        case "set":
            yield from connection.smembers(key)
        case "zset":
            yield from connection.zrange(key, 0, -1)
        case "stream":
            yield repr(connection.xrange(key)).encode()


def left_behind(data_dir: Path) -> Iterator[Path]:
    """Every file of a data folder: clusters with their write-ahead logs, snapshots and
    append-only files, logs.

    Left out: what stands for Meta and Stripe (they read the messages, and the customer's name), the
    secrets folder (the demo keeps its password and its recovery code there on purpose), and
    PostgreSQL's own programs.
    """
    yield from _files(data_dir)
    cluster = data_dir / "postgres"
    if cluster.is_symlink():  # see whatstr.local.pg_programs.server_home
        yield from _files(cluster.resolve())


def _files(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        top = Path(place) == folder
        folders[:] = [
            name
            for name in folders
            if not (top and name in (*SIMULATORS, SECRETS)) and not name.startswith("programs-")
        ]
        for name in names:
            path = Path(place) / name
            if name.startswith("simulator-") and path.parent.name == "logs":
                continue
            if stat.S_ISREG(path.lstat().st_mode):
                yield path
