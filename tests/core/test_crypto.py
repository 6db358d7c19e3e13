"""The staff tier: sealed values belong to one column of one row, and to who holds the ring."""

from __future__ import annotations

import base64
import json
import os
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import InvalidRequestError, StatementError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, undefer_group
from sqlalchemy_utils.types.encrypted.encrypted_type import InvalidCiphertextError

from whatstr.core.crypto import (
    MissingRing,
    PiiMixin,
    PiiType,
    Ring,
    RowBindingError,
    blind_index,
    mask_email,
    norm_email,
    norm_text,
    pii,
)
from whatstr.core.db import personal

EMAIL = "ayse@ornek.com.tr"


class _Base(DeclarativeBase):
    pass


class Person(PiiMixin, _Base):
    __tablename__ = "person"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    email_ct = personal("email", PiiType("person.email"), nullable=True)
    email_ix: Mapped[bytes | None] = mapped_column()
    email_masked: Mapped[str | None] = mapped_column()
    email = pii(
        "email_ct",
        index="email_ix",
        mask="email_masked",
        context="person.email",
        norm=norm_email,
        masker=mask_email,
    )
    phone_ct = personal("phone", PiiType("person.phone"), nullable=True)
    phone = pii("phone_ct")


class Firm(PiiMixin, _Base):
    __tablename__ = "firm"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    email_ct = personal("email", PiiType("firm.email"), nullable=True)
    email = pii("email_ct")


@pytest.fixture(autouse=True)
def ring() -> Iterator[None]:
    before = (Ring.keys, Ring.current, Ring.index_key)
    Ring.load(Ring.generate())
    yield
    Ring.keys, Ring.current, Ring.index_key = before


@pytest.fixture
def session() -> Iterator[Session]:
    engine = sa.create_engine("sqlite://")
    _Base.metadata.create_all(engine)
    with Session(engine, expire_on_commit=False) as made:
        yield made
    engine.dispose()


@pytest.fixture
def ayse(session: Session) -> Person:
    person = Person(email=EMAIL, phone="905321112233")
    session.add_all([person, Person(email="zeynep@ornek.com.tr"), Firm(email="info@ornek.com.tr")])
    session.commit()
    session.expunge_all()
    return person


def read(session: Session, person: Person) -> Person:
    return session.scalars(
        sa.select(Person).where(Person.id == person.id).options(undefer_group("pii"))
    ).one()


def sealed(session: Session, table: str = "person", column: str = "email") -> str:
    """The stored text of Ayşe's (or the firm's) value."""
    query = sa.text(f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL ORDER BY rowid")
    return str(session.execute(query).scalars().first())


def plant(session: Session, person: Person, value: str, column: str = "email") -> None:
    session.execute(
        sa.text(f"UPDATE person SET {column} = :v WHERE id = :i"),
        {"v": value, "i": person.id.hex},
    )


def test_a_value_comes_back_and_is_not_in_the_table(session: Session, ayse: Person) -> None:
    found = read(session, ayse)
    assert (found.email, found.phone) == (EMAIL, "905321112233")
    assert found.email_masked == "a***@o***.com.tr"
    stored = session.execute(sa.text("SELECT * FROM person")).all()
    assert EMAIL not in repr(stored) and "905321112233" not in repr(stored)


def test_equal_values_look_different(session: Session) -> None:
    session.add_all([Person(email=EMAIL), Person(email=EMAIL)])
    session.commit()
    one, two = session.execute(sa.text("SELECT email, email_ix FROM person")).all()
    assert one.email != two.email and one.email_ix == two.email_ix


def test_a_value_of_another_row_is_refused(session: Session, ayse: Person) -> None:
    other = session.execute(sa.text("SELECT email FROM person")).scalars().all()
    plant(session, ayse, next(v for v in other if v != sealed(session)))
    with pytest.raises(RowBindingError):
        _ = read(session, ayse).email


def test_a_value_of_another_column_is_refused(session: Session, ayse: Person) -> None:
    plant(session, ayse, sealed(session), column="phone")
    with pytest.raises(InvalidCiphertextError):
        read(session, ayse)


def test_a_value_of_another_table_is_refused(session: Session, ayse: Person) -> None:
    plant(session, ayse, sealed(session, "firm"))
    with pytest.raises(InvalidCiphertextError):
        read(session, ayse)


@pytest.mark.parametrize("place", [0, 1, 2, 17, 18, 29, 30, -1])
def test_a_changed_byte_is_refused(session: Session, ayse: Person, place: int) -> None:
    raw = bytearray(base64.urlsafe_b64decode(sealed(session)))
    raw[place] ^= 1
    plant(session, ayse, base64.urlsafe_b64encode(raw).decode())
    with pytest.raises(InvalidCiphertextError):
        read(session, ayse)


@pytest.mark.parametrize("value", ["", "x", "şifre", "AQ==", "QUJD" * 10, EMAIL])
def test_what_was_never_sealed_is_refused(session: Session, ayse: Person, value: str) -> None:
    plant(session, ayse, value)
    with pytest.raises(InvalidCiphertextError) as caught:
        read(session, ayse)
    assert value == "" or value not in str(caught.value)


def test_personal_columns_must_be_asked_for(session: Session, ayse: Person) -> None:
    found = session.scalars(sa.select(Person).where(Person.id == ayse.id)).one()
    assert found.email_masked
    with pytest.raises(InvalidRequestError, match="raiseload"):
        _ = found.email


def test_a_bare_text_never_slips_in(session: Session) -> None:
    session.add(Person(email_ct=EMAIL))
    with pytest.raises(StatementError, match="bound to a row"):
        session.flush()
    session.rollback()
    with pytest.raises(StatementError, match="bound to a row"):
        session.scalars(sa.select(Person).where(Person.email_ct == EMAIL)).all()


def test_a_row_without_an_id_seals_nothing() -> None:
    person = Person()
    person.id = None  # type: ignore[assignment]
    with pytest.raises(TypeError, match="id"):
        person.email = EMAIL


def test_clearing_a_value_clears_index_and_mask(session: Session, ayse: Person) -> None:
    found = read(session, ayse)
    found.email = None
    session.commit()
    assert session.execute(
        sa.text("SELECT email, email_ix, email_masked FROM person WHERE id = :i"),
        {"i": ayse.id.hex},
    ).one() == (None, None, None)


def test_exact_search_by_the_blind_index(session: Session, ayse: Person) -> None:
    index = blind_index("person.email", norm_email(" AYSE@ornek.com.tr"))
    assert session.scalar(sa.select(Person.id).where(Person.email_ix == index)) == ayse.id
    assert blind_index("firm.email", EMAIL) != index and len(index) == 16


def test_the_known_answer_of_the_design() -> None:
    key = base64.b64encode(bytes(range(0x80, 0xA0))).decode()
    Ring.load(json.dumps({"current": 1, "keys": {"1": key}, "index": key}))
    stored = "AQEQERITFBUWFxgZGhscHR4fUFFSU1RVVldYWVpb0_zlIGcWc4gLMCVI4PP-6zShkpnDSiEpu4B16WYuf7mM"
    row = uuid.UUID(bytes=bytes(range(0x10, 0x20)))
    assert PiiType("customer.email").process_result_value(stored, None) == (row, EMAIL)
    assert blind_index("customer.email", EMAIL).hex() == "44f989b2318bed3b9481a2ac1ba29506"


@given(st.text())
def test_every_text_comes_back(text: str) -> None:
    kind, row = PiiType("person.email"), uuid.uuid4()
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    stored = kind.process_bind_param((row, text), None)
    assert kind.process_result_value(stored, None) == (row, text)


def test_a_new_key_seals_and_the_old_one_still_opens(session: Session, ayse: Person) -> None:
    old = {str(kid): base64.b64encode(b"\1" * 32).decode() for kid in (1,)}
    index = base64.b64encode(b"\2" * 32).decode()
    Ring.load(json.dumps({"current": 1, "keys": old, "index": index}))
    session.add(first := Person(email=EMAIL))
    session.commit()
    both = old | {"2": base64.b64encode(os.urandom(32)).decode()}
    Ring.load(json.dumps({"current": 2, "keys": both, "index": index}))
    session.add(second := Person(email=EMAIL))
    session.commit()
    session.expunge_all()
    assert read(session, first).email == read(session, second).email == EMAIL
    Ring.load(json.dumps({"current": 2, "keys": {"2": both["2"]}, "index": index}))
    session.expunge_all()
    with pytest.raises(InvalidCiphertextError):
        read(session, first)


def _b64(size: int) -> str:
    return base64.b64encode(bytes(size)).decode()


@pytest.mark.parametrize(
    "ring",
    [
        {"current": 1, "keys": {"1": _b64(16)}, "index": _b64(32)},
        {"current": 1, "keys": {"1": _b64(33)}, "index": _b64(32)},
        {"current": 1, "keys": {"1": ""}, "index": _b64(32)},
        {"current": 1, "keys": {"1": _b64(32)}, "index": _b64(31)},
        {"current": 2, "keys": {"1": _b64(32)}, "index": _b64(32)},
        {"current": 256, "keys": {"256": _b64(32)}, "index": _b64(32)},
        {"current": 0, "keys": {"0": _b64(32)}, "index": _b64(32)},
        {"current": 1, "keys": {}, "index": _b64(32)},
        {"current": 1, "keys": {"1": _b64(32)}},
        {"current": 1, "keys": {"1": "not base64!"}, "index": _b64(32)},
    ],
)
def test_a_short_or_missing_key_is_refused_and_changes_nothing(ring: dict[str, Any]) -> None:
    before = (Ring.keys, Ring.current, Ring.index_key)
    with pytest.raises(ValueError, match="staff ring"):
        Ring.load(json.dumps(ring))
    assert (Ring.keys, Ring.current, Ring.index_key) == before


def test_a_process_without_the_ring_reads_nothing(session: Session, ayse: Person) -> None:
    Ring.clear()
    with pytest.raises(MissingRing):
        read(session, ayse)
    with pytest.raises(MissingRing):
        blind_index("person.email", EMAIL)
    session.add(Person(email_ct=(uuid.uuid4(), EMAIL)))
    with pytest.raises(StatementError, match=r"person\.email"):
        session.flush()


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("ayse@firma.com", "a***@f***.com"),
        ("ayse@firma.com.tr", "a***@f***.com.tr"),
        ("ayse@localhost", "a***"),
        ("", "***"),
        ("ayse", "a***"),
    ],
)
def test_masks(text: str, masked: str) -> None:
    assert mask_email(text) == masked


def test_normal_forms() -> None:
    assert norm_email(" Ayse@FIRMA.com ") == "ayse@firma.com"
    assert norm_text("+90 (532) 111-22 33") == "905321112233"
