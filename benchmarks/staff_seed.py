"""A service with years of customers behind it, written in minutes.

What the panel opens (business names, subjects of requests) is really sealed and what it looks up is
really indexed; the other sealed columns hold bytes of a plausible size. Rows of people come by COPY
from here, rows of machines from the server itself.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice
from typing import Any

import psycopg

from whatstr.core.crypto import (
    PiiEngine,
    blind_index,
    name_head,
    name_letters,
    norm_email,
    norm_text,
)

DAYS = 700
_NAME = "organization.name"
_FIRST = ("gül", "öz", "ana", "yıl", "kara", "mar", "ege", "tor", "bey", "can", "dem", "fat")
_SECOND = ("çiçek", "demir", "dolu", "dız", "deniz", "mara", "li", "kan", "oğlu", "soy", "han")
_THIRD = ("tekstil", "gıda", "kafe", "butik", "oto", "yapı", "optik", "moda", "tarım", "sanat")
_FILLER = "A" * 120
_ENGINE = PiiEngine()
BIG = 30  # the customer with the most of everything: every thirtieth campaign is theirs


def identity(kind: str, n: int) -> uuid.UUID:
    """The id of the n-th row of a kind; the server computes the same."""
    digest = hashlib.md5(f"{kind}{n}".encode(), usedforsecurity=False)
    return uuid.UUID(bytes=digest.digest())


def business(n: int) -> str:
    """Some beginnings are frequent, as among real names."""
    mixed = n * 2_654_435_761 % 2**32
    first, second = _FIRST[mixed % 12], _SECOND[mixed // 12 % 11]
    return f"{first}{chr(97 + mixed // 132 % 26)}{second} {_THIRD[mixed // 3432 % 10]} {n:07d}"


def email(n: int) -> str:
    return f"sahip{n}@isletme{n % 50_000}.example"


def phone(n: int) -> str:
    return f"9053{n:08d}"


def tax_number(n: int) -> str:
    return f"{n:010d}"


def seal(context: str, row: uuid.UUID, text: str) -> str:
    return _ENGINE.encrypt((context, row, text))


def _when(n: int, count: int, now: datetime) -> datetime:
    return now - timedelta(days=DAYS * n / count)


def organizations(count: int, now: datetime) -> Iterator[str]:
    """Lines of COPY. Names are sealed and in their buckets; the whole-value indexes are real for
    the customer that is looked up, and random for the others."""
    for n in range(count):
        id_, name = identity("o", n), business(n)
        state = "suspended" if n % 5000 == 1 else "closed" if n % 900 == 2 else "active"
        name_ix, tax_ix = (os.urandom(16).hex() for _ in range(2))
        if n in known(count):
            name_ix = blind_index(_NAME, norm_text(name)).hex()
            tax_ix = blind_index("organization.tax_number", tax_number(n)).hex()
        letters = name_letters(name)
        yield (
            f"{id_}\t1\t{100_001 + n}\t{state}\ttr\t{_when(n, count, now)}\tt\t"
            f"{seal(_NAME, id_, name)}\t\\\\x{name_ix}\t{_head(letters[:4])}\t{_head(letters[:8])}"
            f"\t{_FILLER}\t\\\\x{tax_ix}\n"
        )


@cache
def _head(letters: str) -> int:
    found = name_head(_NAME, letters, len(letters))
    assert found is not None
    return found


def known(count: int) -> tuple[int, ...]:
    """The customers that are looked up by whole values."""
    return (count // 2,)


def members(count: int, now: datetime) -> Iterator[str]:
    """Lines of COPY, one member for each organization."""
    fixed = f"{{}}\t{{}}\t\\\\x{'73' * 16}\t\\\\x{'61' * 32}\t\\\\x{'72' * 32}\t1\t"
    keys = f"{fixed}\\\\x{'70' * 32}\t{_FILLER}\t\\\\x{'77' * 80}\t{_FILLER}\t{_FILLER}"
    for n in range(count):
        role = "manager" if n % 3000 == 5 else "owner"
        state, at = ("removed" if n % 4000 == 7 else "active"), _when(n, count, now)
        email_ix, phone_ix = (os.urandom(16).hex() for _ in range(2))
        if n in known(count):
            email_ix = blind_index("member.email", norm_email(email(n))).hex()
            phone_ix = blind_index("member.phone", phone(n)).hex()
        yield (
            f"{identity('m', n)}\t{identity('o', n)}\t{role}\t{state}\ttr\t{at}\t{at}\t{keys}\t"
            f"\\\\x{email_ix}\ts***@i***.example\t{_FILLER}\t\\\\x{phone_ix}\t+90 5** *** ** 67\n"
        )


_ORGANIZATION = (
    "id, version, customer_no, state, language, created_at, resend_unknown, name, name_ix, "
    "name_head4, name_head8, tax_number, tax_number_ix"
)
_MEMBER = (
    "id, organization_id, role, state, language, created_at, email_confirmed_at, preferences, kdf, "
    "salt, auth_hash, recovery_hash, key_version, member_pk, wrap_pw, wrap_recovery, name, email, "
    "email_ix, email_masked, phone, phone_ix, phone_masked"
)


def seed(connection: psycopg.Connection, *, customers: int, messages: int) -> dict[str, int]:
    """Fill the migrated database; gives the number of rows of each table. The connection is the
    superuser's: foreign keys are not checked row by row, indexes are built at the end."""
    now = datetime.now(UTC)
    connection.execute("SET session_replication_role = replica")
    connection.execute("SET maintenance_work_mem = '512MB'")
    with IndexesLast(connection):
        _copy(connection, "organization", _ORGANIZATION, organizations(customers, now))
        _copy(connection, "member", _MEMBER, members(customers, now))
        _requests(connection, max(50, customers // 20), now)
        sizes = _sizes(customers, messages)
        for table, statement in STATEMENTS:
            _timed(table, lambda s=statement: connection.execute(s % sizes))  # type: ignore[misc]
    for words in ("SELECT setval(pg_get_serial_sequence('organization', 'customer_no'), %d)",):
        connection.execute(words % (100_001 + customers))
    _timed("analyze", lambda: connection.execute("VACUUM ANALYZE"))
    rows = connection.execute(
        "SELECT relname, reltuples::bigint FROM pg_class WHERE relkind = 'r' AND reltuples > 0"
    ).fetchall()
    return {str(name): int(count) for name, count in rows}


def _timed(what: str, run: Any) -> None:
    began = time.monotonic()
    run()
    print(f"  {what}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)


def _copy(connection: psycopg.Connection, table: str, columns: str, lines: Iterable[str]) -> None:
    def run() -> None:
        waiting = iter(lines)
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy,
        ):
            while some := list(islice(waiting, 2000)):
                copy.write("".join(some))

    _timed(table, run)


def _requests(connection: psycopg.Connection, count: int, now: datetime) -> None:
    """Support requests with three messages each, really sealed: their page opens them."""

    def requests() -> Iterator[str]:
        for n in range(count):
            id_, at = identity("q", n), _when(n, count, now)
            state = "open" if n < 200 else "answered" if n < 500 else "closed"
            waits = at if state == "open" else "\\N"
            subject = seal("support_request.subject", id_, f"Konu {n}")
            yield (
                f"{id_}\t{50_001 + n}\t{identity('o', n * 20)}\t{identity('m', n * 20)}\tline\t"
                f"{state}\ttr\t{subject}\t{at}\t{waits}\t{at}\t{at}\t1\n"
            )

    def bodies() -> Iterator[str]:
        for n in range(count * 3):
            id_ = uuid.UUID(bytes=os.urandom(16))
            body = seal("support_message.body", id_, "Hattım bağlanmıyor, ne yapmalıyım? " * 4)
            author = "staff" if n % 3 == 1 else "customer"
            when = _when(n // 3, count, now)
            yield f"{id_}\t{identity('q', n // 3)}\t{author}\t{identity('m', n)}\t{when}\t{body}\n"

    columns = (
        "id, number, organization_id, member_id, topic, state, language, subject, opened_at, "
        "waiting_since, first_answer_at, last_at, version"
    )
    _copy(connection, "support_request", columns, requests())
    _copy(connection, "support_message", "id, request_id, author, author_id, at, body", bodies())


class IndexesLast:
    """Takes the indexes of the big tables away while they are filled, primary keys aside."""

    TABLES = (
        *("organization", "member", "line", "campaign", "message", "payment", "subscription"),
        *("credit_entry", "s_optout", "login_event", "audit_event", "line_day"),
    )

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._again: list[str] = []

    def __enter__(self) -> None:
        for table in self.TABLES:
            self._drop(table)

    def _drop(self, table: str) -> None:
        run = self._connection.execute
        constraints = run(
            "SELECT conname, pg_get_constraintdef(oid), contype FROM pg_constraint"
            " WHERE conrelid = %s::regclass AND contype IN ('u', 'f')",
            [table],
        ).fetchall()
        for name, definition, kind in constraints:
            depended = run(
                "SELECT 1 FROM pg_constraint WHERE confrelid = %s::regclass", [table]
            ).fetchone()
            if kind == "u" and not depended:
                run(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
                self._again.append(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
        for name, definition in run(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s AND indexname NOT IN"
            " (SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass)",
            [table, table],
        ).fetchall():
            run(f"DROP INDEX {name}")
            self._again.append(definition)

    def __exit__(self, *failure: object) -> None:
        if failure[0] is None:
            _timed("indexes", lambda: [self._connection.execute(one) for one in self._again])


def _sizes(customers: int, messages: int) -> dict[str, int]:
    return {
        "customers": customers,
        "lines": max(10, customers // 5),
        "campaigns": max(20, messages // 100),
        "messages": messages,
        "payments": max(10, customers // 2),
        "hundredth": max(10, customers // 100),
        "big": BIG,
        "days": DAYS,
    }


def _id(kind: str, n: str) -> str:
    return f"md5('{kind}' || ({n}))::uuid"


_AGO = "now() - interval '1 day' * (%(days)d::float8 * n / {})"
# Table and statement; rows are numbered by n. Later rows are older.
STATEMENTS: Sequence[tuple[str, str]] = (
    (
        "line",
        "INSERT INTO line (id, organization_id, state, throughput, quality, health, connected_at, "
        f"number_ix, number_masked) SELECT {_id('l', 'n')}, {_id('o', 'n * 5')}, "
        "CASE n %% 1000 WHEN 1 THEN 'held' WHEN 2 THEN 'paused' ELSE 'connected' END, 80, "
        "CASE n %% 500 WHEN 3 THEN 'RED' WHEN 4 THEN 'YELLOW' ELSE 'GREEN' END, '{}', "
        f"{_AGO.format('%(lines)d')}, substring(decode(md5(n::text), 'hex') for 16), "
        "'+90 5** *** ** 12' FROM generate_series(0, %(lines)d - 1) n",
    ),
    (
        "campaign",
        "INSERT INTO campaign (id, organization_id, line_id, member_id, kind, state, rows, chunks, "
        "media, due_at, expires_at, jk_wrap, record, created_at, committed_at, started_at, "
        f"finished_at, state_changed_at, totals) SELECT {_id('c', 'n')}, {_id('o', 'w * 5')}, "
        f"{_id('l', 'w')}, {_id('m', 'w * 5')}, "
        "CASE n %% 7 WHEN 0 THEN 'informational' ELSE 'marketing' END, "
        "CASE WHEN n < 20 THEN 'running' WHEN n %% 3000 = 9 THEN 'refused' ELSE 'done' END, 100, 1,"
        " '[]', at, at + interval '3 days', '\\x00', decode(repeat('ab', 400), 'hex'), at, at, at, "
        "CASE WHEN n >= 20 THEN at + interval '1 hour' END, at, "
        'CASE WHEN n >= 20 THEN \'{"delivered": 95, "failed": 5}\'::jsonb END '
        "FROM (SELECT n, CASE n %% %(big)d WHEN 0 THEN 0 ELSE (n * 7919) %% %(lines)d END w, "
        f"{_AGO.format('%(campaigns)d')} AS at FROM generate_series(0, %(campaigns)d - 1) n) rows",
    ),
    (
        "message",
        "INSERT INTO message (campaign_id, row, status, code, attempts, mref, recipient_ix, "
        f"handed_at, accepted_at, delivered_at, failed_at) SELECT {_id('c', 'n / 100')}, n %% 100, "
        "CASE WHEN n %% 20 = 0 THEN 'failed' ELSE 'delivered' END, "
        "CASE WHEN n %% 20 = 0 THEN 131026 END, 1, uuid_send(gen_random_uuid()), "
        "uuid_send(gen_random_uuid()), at, CASE WHEN n %% 20 > 0 THEN at END, "
        "CASE WHEN n %% 20 > 0 THEN at END, CASE WHEN n %% 20 = 0 THEN at END "
        f"FROM (SELECT n, {_AGO.format('%(messages)d')} AS at "
        "FROM generate_series(0, %(messages)d - 1) n) rows",
    ),
    (
        "payment",
        "INSERT INTO payment (id, organization_id, member_id, plan_id, state, amount_kurus, "
        "vat_kurus, currency, payment_intent, term_version, term_accepted_at, address, created_at, "
        f"paid_at) SELECT {_id('p', 'n')}, {_id('o', 'n * 2')}, {_id('m', 'n * 2')}, "
        "(SELECT id FROM plan ORDER BY code LIMIT 1), "
        "CASE WHEN n %% 400 = 1 THEN 'failed' ELSE 'paid' END, 199900, 33317, 'try', "
        "'pi_' || md5(n::text), '2026-11-01', at, repeat('A', 100), at, "
        "CASE WHEN n %% 400 <> 1 THEN at END "
        f"FROM (SELECT n, {_AGO.format('%(payments)d')} AS at "
        "FROM generate_series(0, %(payments)d - 1) n) rows",
    ),
    (
        "subscription",
        "INSERT INTO subscription (id, organization_id, plan_id, payment_id, state, starts_at, "
        "ends_at) SELECT md5('s' || id)::uuid, organization_id, plan_id, id, "
        "CASE WHEN created_at > now() - interval '31 days' THEN 'active' ELSE 'ended' END, "
        "created_at, created_at + interval '31 days' FROM payment WHERE state = 'paid'",
    ),
    (
        "credit_entry",
        "INSERT INTO credit_entry (organization_id, key, kind, source, target, amount, payment_id, "
        "at) SELECT organization_id, 'grant:' || id, 'grant', 'issued', 'available', 10000, id, "
        "created_at FROM payment ORDER BY created_at",
    ),
    (
        "credit_entry",
        "INSERT INTO credit_entry (organization_id, key, kind, source, target, amount, campaign_id,"
        " at) SELECT organization_id, 'settle:' || id, 'settle', 'available', 'spent', 95, id, "
        "created_at FROM campaign ORDER BY created_at",
    ),
    (
        "exception_request",
        "INSERT INTO exception_request (id, organization_id, payment_id, state, ground, "
        "explanation, requested_by, requester_id, facts, maximum_kurus, amount_kurus, created_at, "
        f"version) SELECT {_id('e', 'n')}, {_id('o', 'n * 2')}, {_id('p', 'n')}, "
        "CASE WHEN n < 30 THEN 'submitted' ELSE 'executed' END, 'our_outage', repeat('A', 120), "
        f"'member', {_id('m', 'n * 2')}, '{{}}', 199900, 50000, "
        f"{_AGO.format('%(hundredth)d')}, 1 FROM generate_series(0, %(hundredth)d - 1) n",
    ),
    (
        "refund",
        "INSERT INTO refund (id, payment_id, exception_id, amount_kurus, state, attempt, "
        f"stripe_refund, created_at, settled_at) SELECT {_id('r', 'n')}, {_id('p', 'n')}, "
        f"{_id('e', 'n')}, 50000, CASE WHEN n %% 50 = 1 THEN 'failed' ELSE 'succeeded' END, 1, "
        f"'re_' || md5(n::text), {_AGO.format('%(hundredth)d')}, now() "
        "FROM generate_series(30, %(hundredth)d - 1) n",
    ),
    (
        "abuse_case",
        "INSERT INTO abuse_case (id, number, organization_id, line_id, state, opened_at, version) "
        f"OVERRIDING SYSTEM VALUE SELECT {_id('k', 'n')}, 1001 + n, {_id('o', 'n * 5')}, "
        f"{_id('l', 'n')}, CASE WHEN n < 60 THEN 'open' ELSE 'closed' END, "
        f"{_AGO.format('%(hundredth)d')}, 1 FROM generate_series(0, %(hundredth)d - 1) n",
    ),
    (
        "abuse_report",
        "INSERT INTO abuse_report (id, number, received_at, channel, category, state, verdict, "
        "organization_id, line_id, case_id, sealed) OVERRIDING SYSTEM VALUE "
        f"SELECT {_id('b', 'n')}, 10001 + n, {_AGO.format('(5 * %(hundredth)d)')}, "
        "CASE n %% 3 WHEN 0 THEN 'web' ELSE 'reply' END, CASE n %% 9 WHEN 0 THEN 'fraud' ELSE "
        f"'never_agreed' END, 'attached', 'verified', {_id('o', 'n / 5 * 5')}, {_id('l', 'n / 5')},"
        f" {_id('k', 'n / 5')}, decode(repeat('cd', 300), 'hex') "
        "FROM generate_series(0, 5 * %(hundredth)d - 1) n",
    ),
    (
        "s_optout",
        f"INSERT INTO s_optout (organization_id, recipient_ix, via, at) SELECT {_id('o', 'n / 2')},"
        " uuid_send(gen_random_uuid()), CASE WHEN n %% 40 = 1 THEN 'link' WHEN n %% 3 = 0 THEN "
        f"'button' ELSE 'word' END, {_AGO.format('(2 * %(customers)d)')} "
        "FROM generate_series(0, 2 * %(customers)d - 1) n",
    ),
    (
        "login_event",
        "INSERT INTO login_event (id, at, kind, outcome, organization_id, member_id, address) "
        f"SELECT gen_random_uuid(), {_AGO.format('(2 * %(customers)d)')}, 'sign_in', 'ok', "
        f"{_id('o', 'n / 2')}, {_id('m', 'n / 2')}, repeat('A', 100) "
        "FROM generate_series(0, 2 * %(customers)d - 1) n",
    ),
    (
        "accepted_document",
        "INSERT INTO accepted_document (id, organization_id, member_id, document, "
        "document_version, context, language, at, address) SELECT gen_random_uuid(), id, "
        "md5('m' || (customer_no - 100001))::uuid, 'terms', '2026-11-01', 'sign_up', 'tr', "
        "created_at, repeat('A', 100) FROM organization",
    ),
    (
        "audit_event",
        "INSERT INTO audit_event (id, at, actor_kind, actor_id, verb, subject_kind, subject_id, "
        "organization_id, detail, request_id, previous, hash) SELECT gen_random_uuid(), "
        f"{_AGO.format('%(customers)d')}, CASE WHEN n %% 2000 = 1 THEN 'staff' ELSE 'member' END, "
        f"{_id('m', 'n')}, 'organization.enrolled', 'organization', md5('o' || n), {_id('o', 'n')},"
        " '{}', 'r' || n, '\\x00', uuid_send(gen_random_uuid()) "
        "FROM generate_series(0, %(customers)d - 1) n",
    ),
    (
        "stripe_event",
        "INSERT INTO stripe_event (id, event_id, type, created_at, received_at, processed_at, "
        "outcome, body) SELECT gen_random_uuid(), 'evt_' || n, 'checkout.session.completed', at, "
        "at, at, 'done', repeat('A', 400) "
        f"FROM (SELECT n, {_AGO.format('%(payments)d')} AS at "
        "FROM generate_series(0, %(payments)d - 1) n) rows",
    ),
    (
        "outbound_mail",
        "INSERT INTO outbound_mail (id, kind, language, to_address, values, created_at, attempts, "
        "sent_at) SELECT gen_random_uuid(), 'notice', 'tr', repeat('A', 100), repeat('A', 200), "
        "now() - interval '30 days' * n / %(payments)d, 1, now() "
        "FROM generate_series(0, %(payments)d - 1) n",
    ),
    (
        "line_day",
        f"INSERT INTO line_day SELECT {_id('l', 'n')}, current_date - d, {_id('o', 'n * 5')}, "
        "100 + n %% 50, 95, 5 FROM generate_series(0, %(lines)d - 1) n, generate_series(0, 4) d",
    ),
    (
        "message_day",
        "INSERT INTO message_day SELECT current_date - d, 14000, 13300, 13000, 9000, 700 "
        "FROM generate_series(0, 60) d",
    ),
    (
        "failure_day",
        "INSERT INTO failure_day SELECT current_date - d, c, 100 FROM generate_series(0, 60) d, "
        "unnest(ARRAY[131026, 131049, 130472, 131047]) c",
    ),
)
