"""Whatever is cut, changed, moved, replayed or foreign is refused, before any plaintext is used."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl import bindings

from whatstr.vault import box as box_module
from whatstr.vault import job_header, keys, rows, seals, signed
from whatstr.vault.box import BoxKind, VaultFormatError, box, unbox
from whatstr.vault.certificate import Certificate, make_certificate, verify_certificate
from whatstr.vault.job_header import ClearJob, HeaderRefused, JobHeader, TemplateRef
from whatstr.vault.seals import SenderKeyGone
from whatstr.vault.signed import Label

KEY = st.binary(min_size=32, max_size=32)
ID = st.binary(min_size=16, max_size=16)
PLAIN = st.binary(max_size=300)
KIND = st.sampled_from(list(BoxKind))
PARTS = st.lists(st.binary(max_size=40), max_size=4)
PAIR = bindings.crypto_box_seed_keypair(bytes(range(32)))
OTHER = bindings.crypto_box_seed_keypair(bytes(range(1, 33)))
SIGN = bindings.crypto_sign_seed_keypair(bytes(range(2, 34)))
STRANGER = bindings.crypto_sign_seed_keypair(bytes(range(3, 35)))
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


@st.composite
def changed(draw: st.DrawFn, original: bytes) -> bytes:
    """A different string: shortened, lengthened, one byte changed, two parts swapped."""
    way = draw(st.sampled_from(("cut", "grow", "byte", "swap", "front")))
    at = draw(st.integers(0, max(0, len(original) - 1)))
    if way == "cut":
        return original[:at]
    if way == "front":
        return original[at + 1 :]
    if way == "grow":
        return original + draw(st.binary(min_size=1, max_size=80))
    if way == "swap":
        turned = original[at:] + original[:at]
        return turned if turned != original else original + b"x"
    return original[:at] + bytes([original[at] ^ draw(st.integers(1, 255))]) + original[at + 1 :]


@pytest.fixture(scope="module")
def opened() -> Iterator[list[int]]:
    """Lengths of plaintexts that came out of a cipher: none may be used before it is trusted."""
    seen: list[int] = []
    real = box_module.unpad

    def watch(padded: bytes, block: int = box_module.PAD_BLOCK) -> bytes:
        seen.append(len(padded))
        return real(padded, block)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(box_module, "unpad", watch)
        yield seen


@settings(max_examples=200)
@given(data=st.data(), key=KEY, kind=KIND, plain=PLAIN, aad=PARTS)
def test_a_changed_box_never_reaches_its_plaintext(
    opened: list[int],
    data: st.DataObject,
    key: bytes,
    kind: BoxKind,
    plain: bytes,
    aad: list[bytes],
) -> None:
    blob = box(key, kind, plain, *aad)
    assert unbox(key, kind, blob, *aad) == plain
    opened.clear()
    with pytest.raises(VaultFormatError):
        unbox(key, kind, data.draw(changed(blob)), *aad)
    assert opened == []


@settings(max_examples=200)
@given(key=KEY, other=KEY, kinds=st.tuples(KIND, KIND), plain=PLAIN, aads=st.tuples(PARTS, PARTS))
def test_a_box_opens_in_its_own_place_only(
    opened: list[int],
    key: bytes,
    other: bytes,
    kinds: tuple[BoxKind, BoxKind],
    plain: bytes,
    aads: tuple[list[bytes], list[bytes]],
) -> None:
    blob = box(key, kinds[0], plain, *aads[0])
    opened.clear()
    for k, kind, aad in (
        (other, kinds[0], aads[0]),
        (key, kinds[1], aads[0]),
        (key, kinds[0], aads[1]),
        (key, kinds[0], [*aads[0], b""]),
        (key, kinds[0], [b"".join(aads[0])] if len(aads[0]) > 1 else [*aads[0], b"x"]),
    ):
        if (k, kind, aad) != (key, kinds[0], aads[0]):
            with pytest.raises(VaultFormatError):
                unbox(k, kind, blob, *aad)
    assert opened == []


OPENERS: dict[str, tuple[Any, Any]] = {
    "customer": (seals.seal_to_customer, seals.open_customer_seal),
    "desk": (seals.seal_to_desk, seals.open_desk_seal),
    "member": (seals.seal_to_member, seals.open_member_seal),
}


@settings(max_examples=80)
@given(data=st.data(), plain=PLAIN, whose=st.sampled_from(sorted(OPENERS)))
def test_a_changed_or_foreign_seal_is_refused(
    data: st.DataObject, plain: bytes, whose: str
) -> None:
    seal, unseal = OPENERS[whose]
    blob = seal(PAIR[0], plain)
    assert unseal(PAIR[1], blob) == plain
    for secret, wrong in ((PAIR[1], data.draw(changed(blob))), (OTHER[1], blob)):
        with pytest.raises(VaultFormatError):
            unseal(secret, wrong)
    for name, (_, opener) in OPENERS.items():
        if name != whose:
            with pytest.raises(VaultFormatError):
                opener(PAIR[1], blob)


@settings(max_examples=80)
@given(data=st.data(), plain=PLAIN, kid=st.integers(0, 2**32 - 1), other=st.integers(0, 2**32 - 1))
def test_a_seal_to_the_sender_names_a_key_that_lives(
    data: st.DataObject, plain: bytes, kid: int, other: int
) -> None:
    blob = seals.seal_to_sender(kid, PAIR[0], plain)
    assert seals.open_sender_seal({kid: PAIR[1]}, blob) == (kid, plain)
    if other != kid:
        with pytest.raises(SenderKeyGone):
            seals.open_sender_seal({other: PAIR[1]}, blob)
    with pytest.raises(VaultFormatError):
        seals.open_sender_seal({kid: PAIR[1]}, data.draw(changed(blob)))


@settings(max_examples=80)
@given(data=st.data(), body=PLAIN, labels=st.permutations(list(Label)))
def test_a_signature_serves_one_purpose_and_one_body(
    data: st.DataObject, body: bytes, labels: list[Label]
) -> None:
    blob = signed.sign(labels[0], body, SIGN[1])
    assert signed.verify(labels[0], blob, SIGN[0]) == body
    for label, wrong, public in (
        (labels[1], blob, SIGN[0]),
        (labels[0], blob, STRANGER[0]),
        (labels[0], data.draw(changed(blob)), SIGN[0]),
    ):
        with pytest.raises(VaultFormatError):
            signed.verify(label, wrong, public)


@settings(max_examples=80)
@given(data=st.data(), kek=KEY, uk=KEY, ak=KEY, member=ID, account=ID, other=ID)
def test_a_wrap_opens_for_its_member_account_and_version(
    data: st.DataObject,
    kek: bytes,
    uk: bytes,
    ak: bytes,
    member: bytes,
    account: bytes,
    other: bytes,
) -> None:
    wrap = keys.wrap_ak_member(uk, ak, account=account, member=member, version=1)
    assert keys.open_ak_member(uk, wrap, account=account, member=member, version=1) == ak
    wrong: list[dict[str, Any]] = [
        {"account": account, "member": member, "version": 2},
        {"account": other, "member": member, "version": 1},
        {"account": account, "member": other, "version": 1},
    ]
    for place in wrong:
        if place != {"account": account, "member": member, "version": 1}:
            with pytest.raises(VaultFormatError):
                keys.open_ak_member(uk, wrap, **place)
    with pytest.raises(VaultFormatError):
        keys.open_ak_member(uk, data.draw(changed(wrap)), account=account, member=member, version=1)
    recovery = keys.wrap_uk_recovery(kek, uk, member=member)
    assert keys.open_uk_recovery(kek, recovery, member=member) == uk
    if other != member:
        with pytest.raises(VaultFormatError):
            keys.open_uk_recovery(kek, recovery, member=other)


def header(**changes: Any) -> JobHeader:
    iat = int(NOW.timestamp()) - 60
    made = JobHeader(
        account=b"a" * 16,
        job=b"j" * 16,
        conn=b"c" * 16,
        kid=7,
        iat=iat,
        nb=iat,
        exp=iat + 86_400,
        template=TemplateRef("offer", "tr", "1"),
        chunks=2,
        rows=501,
        media=(),
        jk=b"k" * 32,
    )
    return dataclasses.replace(made, **changes)


CLEAR = ClearJob(b"a" * 16, b"j" * 16, b"c" * 16, 2, 501)
OFFERED = {7: (int(NOW.timestamp()) - 86_400, int(NOW.timestamp()) + 86_400)}


def open_it(blob: bytes, clear: ClearJob = CLEAR) -> JobHeader:
    return job_header.open_header(
        blob, keys={7: PAIR[1]}, sign_pk=SIGN[0], clear=clear, offered=OFFERED, now=NOW
    )


def seal_it(made: JobHeader, sign_sk: bytes = SIGN[1]) -> bytes:
    return job_header.seal_header(made, sign_sk=sign_sk, epoch_pk=PAIR[0])


@settings(max_examples=100)
@given(
    data=st.data(),
    name=st.sampled_from(("account", "job", "conn", "chunks", "rows")),
    number=st.integers(0, 10**6),
    id_=ID,
)
def test_a_header_runs_its_own_row_only(
    data: st.DataObject, name: str, number: int, id_: bytes
) -> None:
    blob = seal_it(header())
    assert open_it(blob) == header()
    other = number if name in ("chunks", "rows") else id_
    if other != getattr(CLEAR, name):
        with pytest.raises(HeaderRefused) as refused:
            open_it(blob, dataclasses.replace(CLEAR, **{name: other}))
        assert refused.value.reason == name
    with pytest.raises(VaultFormatError):
        open_it(data.draw(changed(blob)))
    with pytest.raises(HeaderRefused, match="signature"):
        open_it(seal_it(header(), STRANGER[1]))


@settings(max_examples=100)
@given(
    place=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    chunks=st.tuples(st.integers(1, 4), st.integers(1, 4)),
)
def test_a_chunk_stands_in_its_place(place: tuple[int, int], chunks: tuple[int, int]) -> None:
    """Swapped, re-ordered, of a job of another length."""
    jk, account, job = b"k" * 32, b"a" * 16, b"j" * 16
    found = [rows.JobRow("905321112233", ("x",))]
    blob = rows.box_job_chunk(jk, found, account=account, job=job, no=place[0], chunks=chunks[0])

    def read(no: int, count: int) -> Any:
        return rows.open_job_chunk(jk, blob, account=account, job=job, no=no, chunks=count)

    assert list(read(place[0], chunks[0])) == found
    if (place[1], chunks[1]) != (place[0], chunks[0]):
        with pytest.raises(VaultFormatError):
            read(place[1], chunks[1])


@settings(max_examples=100)
@given(data=st.data(), shift=st.integers(-40 * 86_400, 40 * 86_400))
def test_a_certificate_out_of_date_or_changed_is_refused(data: st.DataObject, shift: int) -> None:
    begin, end = int(NOW.timestamp()) - 1000, int(NOW.timestamp()) + 1000
    blob = make_certificate(Certificate(3, PAIR[0], begin, end), SIGN[1])
    moment = datetime.fromtimestamp(NOW.timestamp() + shift, UTC)
    within = begin - 86_400 <= moment.timestamp() < end + 86_400
    if within:
        assert verify_certificate(blob, [SIGN[0]], now=moment).kid == 3
    else:
        with pytest.raises(VaultFormatError):
            verify_certificate(blob, [SIGN[0]], now=moment)
    for wrong, public in ((data.draw(changed(blob)), SIGN[0]), (blob, STRANGER[0])):
        with pytest.raises(VaultFormatError):
            verify_certificate(wrong, [public], now=NOW)


@settings(max_examples=100)
@given(
    data=st.data(),
    versions=st.lists(st.integers(1, 2**31), min_size=1, max_size=6),
    replayed=st.integers(1, 9),
)
def test_a_manifest_is_refused_when_old_foreign_or_out_of_order(
    data: st.DataObject, versions: list[int], replayed: int
) -> None:
    lk, account, list_id = b"l" * 32, b"a" * 16, b"i" * 16
    manifest = rows.Manifest("Liste", ("Şehir",), 10, tuple(enumerate(versions)))
    value = rows.manifest_value(manifest)
    place = {"account": account, "owner": list_id, "kind": "list-manifest"}
    blob = rows.box_record(lk, value, **place, version=5)
    assert rows.read_manifest(rows.open_record(lk, blob, **place, version=5)) == manifest
    if replayed != 5:  # the server hands out an older one
        with pytest.raises(VaultFormatError):
            rows.open_record(lk, blob, **place, version=replayed)
    for wrong in ({**place, "owner": b"o" * 16}, {**place, "kind": "draft"}):
        with pytest.raises(VaultFormatError):
            rows.open_record(lk, blob, **wrong, version=5)
    with pytest.raises(VaultFormatError):
        rows.open_record(lk, data.draw(changed(blob)), **place, version=5)
    pairs = value["chunks"]
    odd: list[Any] = [pairs[1:] + pairs[:1], [*pairs, pairs[0]], [[0, 0]], [[1, 1]], "x", [[0]]]
    for chunks in odd:
        if chunks != pairs:
            with pytest.raises(VaultFormatError):
                rows.read_manifest({**value, "chunks": chunks})
