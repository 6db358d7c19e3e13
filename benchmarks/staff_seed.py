"""A service with years of customers behind it, written in minutes.

What the panel opens (business names, subjects of requests) is really sealed and what it looks up is
really indexed; the other sealed columns hold bytes of a plausible size. Rows of people come by COPY
from processes of Python, rows of machines from the server itself, all beside each other.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice

import psycopg

from benchmarks.staff_load import Bare, Crew, Task, vacuum_tasks
from benchmarks.staff_statements import AFTERWARDS, FILLER, MESSAGES_OF_A_CAMPAIGN, STATEMENTS
from whatstr.core.crypto import (
    PiiEngine,
    Ring,
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
_ENGINE = PiiEngine()
BIG = 30  # the customer with the most of everything: every thirtieth campaign is theirs
PARTS = 4  # of the organizations: what one process writes at a time
COPIED = ("organization", "support_request", "support_message")


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


def known(count: int) -> tuple[int, ...]:
    """The customers that are looked up by whole values."""
    return (count // 2,)


def seal(context: str, row: uuid.UUID, text: str) -> str:
    return _ENGINE.encrypt((context, row, text))


def _when(n: int, count: int, now: datetime) -> datetime:
    return now - timedelta(days=DAYS * n / count)


def organizations(numbers: range, count: int, now: datetime) -> Iterator[str]:
    """Lines of COPY. Names are sealed and in their buckets; the whole-value indexes are real for
    the customer that is looked up, and random for the others."""
    for n in numbers:
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
            f"\t{FILLER}\t\\\\x{tax_ix}\n"
        )


@cache
def _head(letters: str) -> int:
    found = name_head(_NAME, letters, len(letters))
    assert found is not None
    return found


_ORGANIZATION = (
    "id, version, customer_no, state, language, created_at, resend_unknown, name, name_ix, "
    "name_head4, name_head8, tax_number, tax_number_ix"
)


def write_organizations(address: str, ring: str, numbers: range, count: int, now: datetime) -> None:
    """Run by a process of its own: sealing a million names is the work of Python here."""
    Ring.load(ring)
    _copy(address, "organization", _ORGANIZATION, organizations(numbers, count, now))


def _copy(address: str, table: str, columns: str, lines: Iterable[str]) -> None:
    waiting = iter(lines)
    with (
        psycopg.connect(address) as connection,
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy,
    ):
        while some := list(islice(waiting, 2000)):
            copy.write("".join(some))


def write_requests(address: str, ring: str, count: int, now: datetime) -> None:
    """Support requests with three messages each, really sealed: their page opens them."""
    Ring.load(ring)

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
    _copy(address, "support_request", columns, requests())
    _copy(address, "support_message", "id, request_id, author, author_id, at, body", bodies())


def seed(address: str, ring: str, *, customers: int, messages: int) -> dict[str, int]:
    """Fill the migrated database, as the superuser; gives the number of rows of each table."""
    now, sizes = datetime.now(UTC), _sizes(customers, messages)
    step = -(-customers // PARTS)
    parts = [range(at, min(at + step, customers)) for at in range(0, customers, step)]
    with Crew(address) as crew:
        tables = {*COPIED, *(table for table, _ in (*STATEMENTS, *AFTERWARDS))}
        with Bare(crew, sorted(tables)):
            crew.together(
                [
                    *(
                        Task("organization", call=(write_organizations, ring, part, customers, now))
                        for part in parts
                    ),
                    Task("support", call=(write_requests, ring, max(50, customers // 20), now)),
                    *(Task(table, statement=words % sizes) for table, words in STATEMENTS),
                ]
            )
            crew.together([Task(table, statement=words % sizes) for table, words in AFTERWARDS])
        crew.run(
            "SELECT setval(pg_get_serial_sequence('organization', 'customer_no'), "
            f"{100_001 + customers})"
        )
        crew.together(vacuum_tasks(crew))
        rows = crew.run(
            "SELECT relname, reltuples::bigint FROM pg_class WHERE relkind = 'r' AND reltuples > 0"
        )
    return {str(name): int(count) for name, count in rows}


def _sizes(customers: int, messages: int) -> dict[str, int | str]:
    (one,) = known(customers)
    return {
        "customers": customers,
        "lines": max(10, customers // 5),
        "campaigns": max(20, messages // MESSAGES_OF_A_CAMPAIGN),
        "messages": messages,
        "payments": max(10, customers // 2),
        "hundredth": max(10, customers // 100),
        "big": BIG,
        "days": DAYS,
        "known": one,
        "known_email": blind_index("member.email", norm_email(email(one))).hex(),
        "known_phone": blind_index("member.phone", phone(one)).hex(),
    }
