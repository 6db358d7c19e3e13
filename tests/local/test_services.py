"""The servers that everything else is tested on, and the guard around the tests themselves."""

from __future__ import annotations

import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
import sqlalchemy as sa

from tests import services
from whatstr.local import folders
from whatstr.local.errors import LocalServiceError
from whatstr.local.postgres import ROLES, EmbeddedPostgres
from whatstr.local.valkey import EmbeddedValkey


@pytest.fixture
def folder() -> Iterator[Path]:
    with services.private_folder() as made:
        yield made


def scalar(url: str, statement: str) -> object:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        result = connection.execute(sa.text(statement))
        return result.scalar() if result.returns_rows else None


def test_each_role_signs_in_with_its_own_password_only(postgres_server: EmbeddedPostgres) -> None:
    passwords = {postgres_server.password(role) for role in ROLES}
    assert len(passwords) == len(ROLES)
    for role in ROLES:
        assert scalar(postgres_server.url(role), "SELECT current_user") == role
    with pytest.raises(sa.exc.OperationalError, match="password authentication failed"):
        scalar(
            postgres_server.url("whatstr_web", postgres_server.password("whatstr_sender")),
            "SELECT 1",
        )


def test_roles_have_no_power_over_the_server(postgres_server: EmbeddedPostgres) -> None:
    power = "SELECT bool_or(rolsuper OR rolcreaterole OR rolcreatedb) FROM pg_roles WHERE rolname"
    assert scalar(postgres_server.url(), f"{power} LIKE 'whatstr%'") is False


def test_passwords_are_readable_by_this_user_alone(postgres_server: EmbeddedPostgres) -> None:
    folder = postgres_server.data_dir / "secrets"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = list(folder.iterdir())
    assert len(files) == len(ROLES) + 1
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_server_speaks_utc_and_unicode_on_a_socket_only(postgres_server: EmbeddedPostgres) -> None:
    url = postgres_server.url()
    assert scalar(url, "SHOW timezone") == "UTC"
    assert scalar(url, "SHOW listen_addresses") == ""
    assert scalar(url, "SELECT lower('ÇĞÖŞÜ')") == "çğöşü"
    assert scalar(url, "SHOW max_connections") == "200"


def test_log_does_not_quote_rows(postgres_server: EmbeddedPostgres) -> None:
    number = "905321112233"
    with pytest.raises(sa.exc.IntegrityError):
        scalar(
            postgres_server.url(),
            "CREATE TEMPORARY TABLE seen (number text PRIMARY KEY);"
            f"INSERT INTO seen VALUES ('{number}'), ('{number}')",
        )
    log = postgres_server.log_file.read_text()
    assert "duplicate key value" in log
    assert number not in log


def test_postgres_keeps_data_and_passwords_over_a_restart(folder: Path) -> None:
    server = EmbeddedPostgres(folder, durable=False)
    server.start()
    try:
        scalar(server.url(), "CREATE TABLE kept AS SELECT 7 AS n")
        password = server.password("whatstr_owner")
        server.start()  # runs already: nothing happens
        server.stop()
        assert server.exit_code() is None
        again = EmbeddedPostgres(folder, durable=False)
        again.start()
        assert again.password("whatstr_owner") == password
        assert scalar(again.url(), "SELECT n FROM kept") == 7
        again.destroy()
    finally:
        server.stop()
    assert [path.name for path in folder.iterdir()] == ["logs"]


@pytest.fixture(scope="module")
def stopped_server() -> Iterator[EmbeddedPostgres]:
    """A server with a past. Tests may start it, and leave it stopped and sound."""
    with services.private_folder() as made:
        server = EmbeddedPostgres(made, durable=False)
        server.start()
        server.stop()
        yield server
        server.stop()


def test_postgres_starts_over_a_stale_pid_file(
    stopped_server: EmbeddedPostgres, postgres_server: EmbeddedPostgres
) -> None:
    # The number belongs to another process by now: PostgreSQL itself would refuse to start.
    file = stopped_server.data_dir / "postgres/cluster/postmaster.pid"
    file.write_text(f"{postgres_server.pid}\n")
    stopped_server.start()
    assert scalar(stopped_server.url(), "SELECT 1") == 1
    stopped_server.stop()


def test_postgres_waits_for_no_server_that_goes_on(
    stopped_server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped_server.start()
    monkeypatch.setattr("whatstr.local.postgres._OTHER_SERVER_SECONDS", 0.1)
    with pytest.raises(LocalServiceError, match="Another PostgreSQL already uses"):
        EmbeddedPostgres(stopped_server.data_dir).start()
    assert scalar(stopped_server.url(), "SELECT 1") == 1
    stopped_server.stop()


def test_postgres_names_a_lost_password_file(stopped_server: EmbeddedPostgres) -> None:
    file = stopped_server.data_dir / "secrets" / "postgres.json"
    kept = file.rename(file.with_suffix(".kept"))
    with pytest.raises(LocalServiceError, match=r"postgres\.json is missing"):
        stopped_server.start()
    assert stopped_server.pid is None
    kept.rename(file)


def test_postgres_renews_a_lost_role_password(stopped_server: EmbeddedPostgres) -> None:
    (stopped_server.data_dir / "secrets" / "whatstr_web.json").unlink()
    stopped_server.start()
    assert scalar(stopped_server.url("whatstr_web"), "SELECT 1") == 1
    stopped_server.stop()


def test_postgres_refuses_the_data_of_another_version(stopped_server: EmbeddedPostgres) -> None:
    file = stopped_server.data_dir / "postgres/cluster/PG_VERSION"
    version = file.read_text()
    file.write_text("15\n")
    with pytest.raises(LocalServiceError, match="was made by PostgreSQL 15"):
        stopped_server.start()
    file.write_text(version)


def test_postgres_serves_a_folder_with_a_long_and_closed_path(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = EmbeddedPostgres(closed / ("long-" * 20), durable=False)
    server.start()
    try:
        assert scalar(server.url(), "SELECT 1") == 1
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    finally:
        server.destroy()
    assert [path.name for path in server.data_dir.iterdir()] == ["logs"]


def test_valkey_keeps_data_over_a_restart(folder: Path) -> None:
    server = EmbeddedValkey(folder, "queue")
    server.start()
    with redis.Redis.from_url(server.url) as client:
        client.set("kept", "7")
        assert client.config_get("port") == {"port": "0"}
    socket_file = Path(server.url.removeprefix("unix://"))
    assert stat.S_IMODE(socket_file.stat().st_mode) == 0o700
    server.stop()
    again = EmbeddedValkey(folder, "queue")
    again.start()
    with redis.Redis.from_url(again.url) as client:
        assert client.get("kept") == b"7"
    again.stop()
    assert not socket_file.exists()


def test_a_socket_with_a_long_path_gets_a_short_place(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path / ("long-" * 20), "queue")
    server.start()
    place = Path(server.url.removeprefix("unix://")).parent
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    server.stop()
    assert not place.exists()
    # A kill leaves the place behind; the next start takes it again.
    wanted = server.data_dir / "queue" / "sockets"
    first = folders.socket_folder(wanted)
    assert folders.socket_folder(wanted) == first
    first.chmod(0o755)  # anybody's: not to be trusted
    second = folders.socket_folder(wanted)
    assert second != first
    folders.drop_socket_folder(wanted)
    assert not second.exists()
    first.rmdir()


def test_two_valkeys_do_not_share(
    valkey_server: EmbeddedValkey, valkey_sender_server: EmbeddedValkey, empty_queues: None
) -> None:
    with redis.Redis.from_url(valkey_server.url) as client:
        client.set("only", "here")
    with redis.Redis.from_url(valkey_sender_server.url) as client:
        assert client.get("only") is None


def test_second_valkey_over_the_same_data_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = EmbeddedValkey(folder, "queue")
    first.start()
    monkeypatch.setattr("whatstr.local.valkey._READY_SECONDS", 0.1)
    with pytest.raises(LocalServiceError, match="Another queue server already uses"):
        EmbeddedValkey(folder, "queue").start()
    with redis.Redis.from_url(first.url) as client:
        assert client.ping()
    first.stop()


def test_url_before_the_start_is_refused(folder: Path) -> None:
    with pytest.raises(LocalServiceError, match="start it first"):
        EmbeddedValkey(folder, "queue").url  # noqa: B018
    with pytest.raises(LocalServiceError, match="start it first"):
        EmbeddedPostgres(folder).url()


def test_clones_of_a_template_are_separate(postgres_server: EmbeddedPostgres) -> None:
    template = services.new_name("template")
    services.create_database(postgres_server, template)
    scalar(postgres_server.url(database=template), "CREATE TABLE copied AS SELECT 1 AS n")
    with (
        services.clone(postgres_server, template) as one,
        services.clone(postgres_server, template) as two,
    ):
        scalar(one.url(), "DELETE FROM copied")
        assert scalar(one.url(), "SELECT count(*) FROM copied") == 0
        assert scalar(two.url(), "SELECT count(*) FROM copied") == 1
    services.drop_database(postgres_server, template)
    with pytest.raises(psycopg.OperationalError), postgres_server.superuser(one.name):
        pass


@pytest.mark.parametrize("address", ["192.0.2.1", "whatstr.example"])
def test_no_test_reaches_another_machine(address: str) -> None:
    with pytest.raises(services.OutsideConnection):
        socket.create_connection((address, 80), timeout=1)
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
        pytest.raises(services.OutsideConnection),
    ):
        datagrams.sendto(b"", ("192.0.2.1", 53))
