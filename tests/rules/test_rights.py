"""Who may touch which column, tried on PostgreSQL cell by cell (vault design, sections 15, 20.3).

`DESIGN` is the table of the design with our names. Every column of its tables is tried with SELECT,
INSERT and UPDATE, every table with DELETE, as each of the six roles: what goes beyond its cell must
be refused, and what the cell names must be granted. Tables that came later fall under the rules at
the end. `EXPLAIN` asks for the same rights as the statement itself, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from tests.services import ModuleDatabase
from whatstr import models  # noqa: F401 - completes the metadata
from whatstr.config import PROCESSES
from whatstr.core.db import Base, Tier

ROLES = sorted(str(role) for role in PROCESSES)
TABLES = {table.name: [c.name for c in table.columns] for table in Base.metadata.sorted_tables}
TIERS: dict[tuple[str, str], Tier] = {
    (table.name, column.name): column.info["tier"]
    for table in Base.metadata.sorted_tables
    for column in table.columns
}
# r, i, u with columns: `*` all, `a,b` these, `-a,-b` all but these; `d` deletes rows. No entry: no
# right at all. Where a cell differs from the design the reason stands beside it.
ALL = "r:* i:* u:* d"
KEYS = (
    "-kdf,-salt,-auth_hash,-recovery_hash,-member_pk,-wrap_pw,-wrap_recovery,-wrap_organization,"
    "-totp,-totp_step"
)
LABEL = "display_number,number_ix,number_masked,verified_name"
NOT_LABEL = ",".join(f"-{name}" for name in LABEL.split(","))
MOVES = "state,reason_code,started_at,finished_at,state_changed_at,totals,totals_stale"
PACE = "wait_code,wait_until,canary_size,canary_reason,canary_since,canary_passed_at,template_ix"
WINDOW = "window_from,window_to,time_zone,informational_any_time"
NO_PERSON = "-mref,-recipient_ix,-claim"
DESIGN: dict[str, dict[str, str]] = {
    "organization": {
        "web": "r:* i:* u:*",
        # Needed to send, and to know when pins may be set anew (section 4).
        "sender": f"r:id,state,language,created_at,resend_unknown,vault_reset_at,{WINDOW}",
        "admin": "r:* u:*",
        "worker": "r:*",  # writes mails: staff ring, no way to the vault
    },
    "member": {
        "web": "r:* i:* u:*",
        "admin": f"r:{KEYS} u:{KEYS},-id,-organization_id,-created_at,-key_version",
        "worker": f"r:{KEYS}",
    },
    "member_session": {
        "web": ALL,
        # Ends the sessions of a suspended member; never sees the half or the hash.
        "admin": "r:-half,-token_hash u:revoked_at",
        "worker": "r:id,expires_at,revoked_at d",
    },
    # Came with the operations of the vault: keys and invitations are `web`'s alone.
    "invitation": {"web": "r:* i:* d", "worker": "r:id,expires_at d"},
    "next_key": {"web": "r:* i:* d"},
    "rekey": {"web": ALL},
    "rekey_item": {"web": ALL},
    "vault_reset": {"web": "r:* i:* d", "worker": "r:* u:warned_at,ready_at d"},
    # Staff sign in through `admin`, and customers see their own entries.
    "login_event": {"web": "r:* i:*", "admin": "r:* i:*", "worker": "r:id,organization_id d"},
    "contact_list": {"web": ALL, "admin": "r:-wrap,-manifest"},
    "list_chunk": {"web": ALL},
    "vault_record": {"web": ALL},
    "campaign": {
        "web": ALL,
        "sender": f"r:-jk_wrap,-record u:{MOVES},{PACE}",
        "admin": "r:-jk_wrap,-record u:state,reason_code,state_changed_at",
        # Takes the sealed parts away when their time is over, without reading them.
        "worker": "r:-jk_wrap,-record u:erased_at,jk_wrap,record",
    },
    "campaign_seal": {"web": "r:campaign_id,kid i:* d", "sender": "r:* d"},
    "campaign_chunk": {"web": "r:* i:* d", "sender": "r:* d", "worker": "r:campaign_id,no d"},
    "campaign_media": {"web": "r:* i:* d", "sender": "r:* d"},
    "message": {
        "web": f"r:{NO_PERSON}",
        "sender": "r:* i:* u:*",
        # The design gives a view of counts; these columns hold no more than row numbers and states.
        "admin": f"r:{NO_PERSON}",
        "worker": f"r:{NO_PERSON} d",
    },
    "sender_rpc": {
        "web": ALL,
        "sender": "r:* u:state,request,response,answered_at d",
        "worker": "r:id,state,created_at d",
    },
    "sender_cert": {"web": "r:*", "admin": "r:*", "hook": "r:*", "sender": "r:* i:* d"},
    "notice": {"web": "r:* d", "sender": "r:id i:*"},
    # Public forms and the desk tell the sender something too; `origin` says who (decision 0002).
    "hook_inbox": {
        "hook": "r:id i:at,sealed",
        "web": "r:id i:at,sealed",
        "admin": "r:id,at,origin i:at,sealed",  # counts and ages for the owner
        "sender": "r:* d",
    },
    "abuse_report": {
        "web": "r:id,number i:*",  # the public form stores what it sealed to the desk
        "sender": "r:* i:* u:*",
        "admin": "r:* u:*",
        "worker": "r:* u:*",  # joins reports to cases; the words are sealed to the desk
    },
    "line": {
        "web": f"r:* u:{LABEL}",  # what the sender signed about a line (decision 0001)
        "sender": f"r:{NOT_LABEL} i:{NOT_LABEL} u:{NOT_LABEL}",
        "admin": "r:* u:state,state_reason",
        "worker": "r:*",
    },
    **{
        name: {"sender": ALL}
        for name in (
            "s_conn",
            "s_optout",
            "s_alias",
            "s_wamid",
            "s_frank",
            "s_seen",
            "s_lease",
            "s_root",
        )
    },
    # The customer sees who looked at what of theirs.
    "reveal": {"admin": "r:* i:*", "web": "r:*"},
    "audit_event": {
        "admin": "r:* i:*",
        "worker": "r:* i:*",
        "web": "r:seq,id,hash i:*",
        "sender": "r:seq,id,hash i:*",
    },
}
VERBS = {"r": "SELECT", "i": "INSERT", "u": "UPDATE"}


def cell(table: str, role: str) -> dict[str, set[str]]:
    """Right → columns (DELETE: all of them) that the design gives."""
    found: dict[str, set[str]] = {}
    for token in DESIGN[table].get(role, "").split():
        right, _, listed = token.partition(":")
        names = listed.split(",")
        if right == "d" or listed == "*":
            found[right] = set(TABLES[table])
        elif listed.startswith("-"):
            found[right] = set(TABLES[table]) - {name[1:] for name in names}
        else:
            found[right] = set(names)
    return found


def named(table: str, role: str) -> Iterator[tuple[str, str]]:
    """(right, column) that a cell names one by one."""
    for token in DESIGN[table].get(role, "").split():
        right, _, listed = token.partition(":")
        if listed and listed != "*" and not listed.startswith("-"):
            yield from ((right, name) for name in listed.split(","))


def statement(table: str, right: str, column: str) -> sql.Composed:
    name, field = sql.Identifier(table), sql.Identifier(column)
    if right == "r":
        return sql.SQL("EXPLAIN SELECT {} FROM {}").format(field, name)
    if right == "i":
        words = "EXPLAIN INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES (NULL)"
        return sql.SQL(words).format(name, field)
    if right == "u":
        return sql.SQL("EXPLAIN UPDATE {} SET {} = DEFAULT").format(name, field)
    return sql.SQL("EXPLAIN DELETE FROM {}").format(name)


class Granted:
    """What PostgreSQL lets each role do, found by trying."""

    def __init__(self, database: ModuleDatabase) -> None:
        self.rights: dict[tuple[str, str], dict[str, set[str]]] = {}
        for role in ROLES:
            address = database.url(f"whatstr_{role}").replace("+psycopg", "")
            with psycopg.connect(address, autocommit=True) as connection:
                for table, columns in TABLES.items():
                    self.rights[table, role] = self._try(connection, table, columns)

    def _try(
        self, connection: psycopg.Connection, table: str, columns: list[str]
    ) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for right in VERBS:
            found[right] = {c for c in columns if _runs(connection, statement(table, right, c))}
        found["d"] = set(columns) if _runs(connection, statement(table, "d", columns[0])) else set()
        return found


def _runs(connection: psycopg.Connection, words: sql.Composed) -> bool:
    try:
        connection.execute(words)
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


@pytest.fixture(scope="module")
def granted(database: ModuleDatabase) -> Granted:
    return Granted(database)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("table", DESIGN)
def test_nothing_goes_beyond_the_cell(granted: Granted, table: str, role: str) -> None:
    allowed = cell(table, role)
    for right, columns in granted.rights[table, role].items():
        assert columns <= allowed.get(right, set()), f"{role} {right} {table}"


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("table", DESIGN)
def test_what_the_cell_gives_is_granted(granted: Granted, table: str, role: str) -> None:
    have = granted.rights[table, role]
    for right, columns in cell(table, role).items():
        if (role, table) not in {
            ("sender", "s_wamid"),
            ("sender", "s_frank"),
            ("sender", "s_seen"),
        }:
            assert have[right] & columns, f"{role} {right} {table}"
    for right, column in named(table, role):
        assert column in have[right], f"{role} {right} {table}.{column}"


# Rules that hold for every table, also for those that are yet to come --------------------------

READERS: dict[Tier, set[str]] = {
    Tier.PERSONAL: {"web", "admin", "worker"},
    Tier.SECRET: {"web", "admin"},
    Tier.PSEUDONYM: {"web", "admin", "sender", "worker"},
    Tier.SEALED: {"web", "admin", "sender", "worker"},
}
SEALED_FOR_STAFF = {"abuse_report.sealed"}


@pytest.mark.parametrize("role", ROLES)
def test_every_tier_has_its_readers(granted: Granted, role: str) -> None:
    for (table, column), tier in TIERS.items():
        if column in granted.rights[table, role]["r"]:
            assert role in READERS.get(tier, set(ROLES)), f"{role} reads {table}.{column}"


@pytest.mark.parametrize("role", ["admin", "worker"])
def test_staff_read_no_ciphertext_of_the_vault(granted: Granted, role: str) -> None:
    for (table, column), tier in TIERS.items():
        if tier is Tier.SEALED and f"{table}.{column}" not in SEALED_FOR_STAFF:
            assert column not in granted.rights[table, role]["r"], f"{table}.{column}"


@pytest.mark.parametrize("role", sorted({*ROLES} - {"sender"}))
def test_the_tables_of_the_sender_are_its_own(granted: Granted, role: str) -> None:
    for table in TABLES:
        if table.startswith("s_"):
            assert not any(granted.rights[table, role].values()), table


@pytest.mark.parametrize("role", ROLES)
def test_the_window_on_refusals_shows_nobody(database: ModuleDatabase, role: str) -> None:
    """Staff see that somebody refused, when and how; who it was stays with the sender."""
    address = database.url(f"whatstr_{role}").replace("+psycopg", "")
    with psycopg.connect(address, autocommit=True) as connection:
        if role != "admin":
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("SELECT * FROM refusal_seen")
            return
        found = connection.execute("SELECT * FROM refusal_seen LIMIT 0").description
        assert [column.name for column in found or ()] == ["organization_id", "via", "at"]
        for words in ("DELETE FROM refusal_seen", "UPDATE refusal_seen SET via = 'word'"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(words)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("table", ["audit_event", "reveal", "credit_entry", "decision"])
def test_nobody_rewrites_a_record(granted: Granted, table: str, role: str) -> None:
    assert not granted.rights[table, role]["u"]
    assert not granted.rights[table, role]["d"]


def test_nobody_owns_a_table_or_the_schema(database: ModuleDatabase) -> None:
    for role in ROLES:
        address = database.url(f"whatstr_{role}").replace("+psycopg", "")
        with psycopg.connect(address, autocommit=True) as connection:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("CREATE TABLE whatstr_probe (a int)")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("ALTER TABLE organization ADD COLUMN whatstr_probe int")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("SET ROLE whatstr_owner")


def test_the_scheduler_touches_nothing(granted: Granted) -> None:
    assert not any(any(granted.rights[table, "scheduler"].values()) for table in TABLES)


@pytest.mark.parametrize("table", ["campaign_seal", "hook_inbox", "sender_rpc"])
def test_what_was_sealed_for_minutes_is_vacuumed_early(
    database: ModuleDatabase, table: str
) -> None:
    """Vault design, section 9."""
    address = database.url().replace("+psycopg", "")
    with psycopg.connect(address, autocommit=True) as connection:
        words = "SELECT unnest(reloptions) FROM pg_class WHERE relname = %s"
        options = {row[0] for row in connection.execute(words, [table])}
    assert {"autovacuum_vacuum_scale_factor=0", "autovacuum_vacuum_threshold=20"} <= options
