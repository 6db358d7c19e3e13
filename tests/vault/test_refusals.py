"""What must not open: every way in which a sealed thing can be wrong or in the wrong place."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl import bindings

from whatstr.core.prf import prf, u32
from whatstr.vault import certificate, job_header, keys, notices, recovery_code, rows, rpc, seals
from whatstr.vault.box import BoxKind, VaultFormatError, box, pad, unbox, unpad
from whatstr.vault.signed import Label, sign, verify

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))
ACCOUNT, JOB, LINE = os.urandom(16), os.urandom(16), os.urandom(16)
IDENT = bindings.crypto_sign_seed_keypair(bytes(range(32)))
EPOCH = bindings.crypto_box_seed_keypair(bytes(range(2, 34)))
AK = bytes(range(3, 35))
SIGN, BOX = keys.account_sign_pair(AK), keys.account_box_pair(AK)
KID = 7
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
T = int(NOW.timestamp())
WEEK = {KID: (T - 3_600, T + 7 * 86_400)}


@given(plain=st.binary(max_size=300), aad=st.lists(st.binary(max_size=40), max_size=4))
def test_a_box_opens_only_where_it_belongs(plain: bytes, aad: list[bytes]) -> None:
    blob = box(KEY, BoxKind.RECORD, plain, *aad)
    assert unbox(KEY, BoxKind.RECORD, blob, *aad) == plain
    assert (len(blob) - 74) % 64 == 0
    wrong: list[tuple[bytes, BoxKind, list[bytes]]] = [
        (OTHER, BoxKind.RECORD, aad),
        (KEY, BoxKind.LIST_CHUNK, aad),
        (KEY, BoxKind.RECORD, [*aad, b""]),
    ]
    if len(aad) > 1 and aad != aad[::-1]:
        wrong.append((KEY, BoxKind.RECORD, aad[::-1]))
    for key, kind, parts in wrong:
        with pytest.raises(VaultFormatError):
            unbox(key, kind, blob, *parts)


@given(data=st.data())
def test_a_changed_or_cut_box_is_refused(data: st.DataObject) -> None:
    blob = box(KEY, BoxKind.RECORD, b"merhaba", b"a")
    place = data.draw(st.integers(0, len(blob) - 1))
    changed = bytearray(blob)
    changed[place] ^= data.draw(st.integers(1, 255))
    for bad in (bytes(changed), blob[:place], blob + bytes(place + 1)):
        with pytest.raises(VaultFormatError):
            unbox(KEY, BoxKind.RECORD, bad, b"a")


def test_parts_cannot_flow_into_each_other() -> None:
    blob = box(KEY, BoxKind.RECORD, b"x", b"ab", b"c")
    with pytest.raises(VaultFormatError, match="commitment"):
        unbox(KEY, BoxKind.RECORD, blob, b"a", b"bc")


def test_a_ciphertext_with_bad_padding_is_refused() -> None:
    head, nonce = bytes([1, BoxKind.RECORD]), bytes(24)
    commitment = prf(KEY, "wtr1/box/com", head[1:], nonce)
    for padded in (bytes(64), b"\x80" + bytes(127), b"x" * 64):
        body = bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(
            padded, b"\0\0\0\x02" + head, nonce, prf(KEY, "wtr1/box/enc", head[1:], nonce)
        )
        with pytest.raises(VaultFormatError, match="padding"):
            unbox(KEY, BoxKind.RECORD, head + nonce + commitment + body)


@given(st.binary(max_size=200))
def test_padding_is_undone(plain: bytes) -> None:
    assert unpad(pad(plain)) == plain
    assert len(pad(plain)) % 64 == 0
    assert len(pad(plain)) - len(plain) in range(1, 65)


def test_seals_open_only_for_their_reader() -> None:
    to_sender = seals.seal_to_sender(KID, EPOCH[0], b"m")
    assert seals.open_sender_seal({KID: EPOCH[1]}, to_sender) == (KID, b"m")
    with pytest.raises(seals.SenderKeyGone):
        seals.open_sender_seal({KID + 1: EPOCH[1]}, to_sender)
    readers = [
        (seals.seal_to_customer, seals.open_customer_seal),
        (seals.seal_to_desk, seals.open_desk_seal),
        (seals.seal_to_member, seals.open_member_seal),
    ]
    for seal, open_ in readers:
        blob = seal(BOX.public, b"m")
        assert open_(BOX.secret, blob) == b"m"
        for _, other_open in readers:
            if other_open is not open_:
                with pytest.raises(VaultFormatError, match="format"):
                    other_open(BOX.secret, blob)
        for bad in (blob[:-1], blob + b"\0", blob[:10], b"", blob[:-1] + bytes([blob[-1] ^ 1])):
            with pytest.raises(VaultFormatError):
                open_(BOX.secret, bad)
        with pytest.raises(VaultFormatError, match="seal"):
            open_(EPOCH[1], blob)


def test_signatures_hold_to_their_label_key_and_bytes() -> None:
    blob = sign(Label.JOB, b"body", SIGN.secret)
    assert verify(Label.JOB, blob, SIGN.public) == b"body"
    with pytest.raises(VaultFormatError):
        verify(Label.RPC, blob, SIGN.public)
    with pytest.raises(VaultFormatError):
        verify(Label.JOB, blob, IDENT[0])
    for bad in (blob[:-1], blob + b"\0", blob.replace(b"body", b"bodi"), b"\xff\xff\xff\xff"):
        with pytest.raises(VaultFormatError):
            verify(Label.JOB, bad, SIGN.public)


def cert(nb: int = T, na: int = T + 604_800, signer: bytes = IDENT[1]) -> bytes:
    return certificate.make_certificate(certificate.Certificate(KID, EPOCH[0], nb, na), signer)


def test_certificate_dates_and_origin() -> None:
    day = timedelta(days=1)
    check = certificate.verify_certificate
    for now in (NOW - day, NOW, NOW + timedelta(days=8) - timedelta(seconds=1)):
        assert check(cert(), [IDENT[0]], now=now).pk == EPOCH[0]
    for now in (NOW - day - timedelta(seconds=1), NOW + timedelta(days=8)):
        with pytest.raises(certificate.CertificateRefused, match="dates"):
            check(cert(), [IDENT[0]], now=now)
    with pytest.raises(certificate.CertificateRefused, match="signature"):
        check(cert(signer=SIGN.secret), [IDENT[0]], now=NOW)
    assert check(cert(), [SIGN.public, IDENT[0]], now=NOW).kid == KID  # IDENT being replaced


HEADER = job_header.JobHeader(
    ACCOUNT, JOB, LINE, KID, T, T, T + 86_400,
    job_header.TemplateRef("bahar", "tr", "1"), 2, 501, (), KEY,
)  # fmt: skip
CLEAR = job_header.ClearJob(ACCOUNT, JOB, LINE, 2, 501)


def open_header(header: job_header.JobHeader = HEADER, **change: Any) -> job_header.JobHeader:
    blob = job_header.seal_header(
        header, sign_sk=change.pop("sign_sk", SIGN.secret), epoch_pk=EPOCH[0]
    )
    given_: dict[str, Any] = {
        "keys": {KID: EPOCH[1]}, "sign_pk": SIGN.public, "clear": CLEAR, "offered": WEEK,
        "now": NOW,
    }  # fmt: skip
    return job_header.open_header(blob, **(given_ | change))


def test_a_good_header_opens() -> None:
    assert open_header() == HEADER


@pytest.mark.parametrize(
    ("reason", "header", "change"),
    [
        ("signature", HEADER, {"sign_sk": IDENT[1]}),
        ("account", replace(HEADER, account=JOB), {}),
        ("job", HEADER, {"clear": replace(CLEAR, job=ACCOUNT)}),
        ("conn", HEADER, {"clear": replace(CLEAR, conn=ACCOUNT)}),
        ("rows", HEADER, {"clear": replace(CLEAR, rows=502)}),
        ("chunks", replace(HEADER, chunks=3), {}),
        ("iat", replace(HEADER, iat=T - 3_600 - 86_401), {}),
        ("iat", HEADER, {"offered": {}}),
        ("nb", replace(HEADER, nb=T + 30 * 86_400 + 1, exp=T + 31 * 86_400), {}),
        ("exp", replace(HEADER, exp=T + 7 * 86_400 + 1), {}),
        ("exp", replace(HEADER, exp=T), {}),
        ("early", HEADER, {"now": NOW - timedelta(seconds=1)}),
        ("expired", HEADER, {"now": NOW + timedelta(days=1)}),
        ("format", replace(HEADER, jk=b"short"), {}),
    ],
)
def test_header_refusals(reason: str, header: job_header.JobHeader, change: dict[str, Any]) -> None:
    with pytest.raises(job_header.HeaderRefused) as caught:
        open_header(header, **change)
    assert caught.value.reason == reason


def test_a_header_for_a_destroyed_key_does_not_open() -> None:
    with pytest.raises(seals.SenderKeyGone):
        open_header(keys={})


def test_a_header_under_another_kid_is_refused() -> None:
    signed = sign(Label.JOB, HEADER.body(), SIGN.secret)
    blob = seals.seal_to_sender(KID + 1, EPOCH[0], signed)
    with pytest.raises(job_header.HeaderRefused) as caught:
        job_header.open_header(
            blob, keys={KID + 1: EPOCH[1]}, sign_pk=SIGN.public, clear=CLEAR, offered=WEEK, now=NOW
        )
    assert caught.value.reason == "kid"


@pytest.mark.parametrize(
    ("old", "new"),
    [('"v":1', '"v":2'), ('"v":1', '"v":true'), ('"chunks":2', '"chunks":2.0'),
     ('"media":[]', '"media":[],"extra":1'), ('"rows":501', '"rows":0'), ("{", "[")],
)  # fmt: skip
def test_header_format_refusals(old: str, new: str) -> None:
    body = HEADER.body().replace(old.encode(), new.encode(), 1)
    with pytest.raises(job_header.HeaderRefused) as caught:
        job_header.parse_header(body)
    assert caught.value.reason == "format"


def test_a_job_chunk_holds_to_its_job_place_and_count() -> None:
    here: dict[str, Any] = {"account": ACCOUNT, "job": JOB, "no": 0, "chunks": 2}
    blob = rows.box_job_chunk(KEY, [rows.JobRow("905301112233")], **here)
    assert rows.open_job_chunk(KEY, blob, **here)[0].to == "905301112233"
    for change in ({"job": LINE}, {"no": 1}, {"chunks": 1}, {"account": JOB}):
        with pytest.raises(VaultFormatError, match="commitment"):
            rows.open_job_chunk(KEY, blob, **(here | change))


@pytest.mark.parametrize(
    "body",
    [b"{}", b"[]", b'[["90",[]],["9x",[]]]', b'[["90"]]', b'[["90",[1]]]', b'[[90,[]]]',
     b'[["90",[],{"x":1}]]', "[[\"٩٠\",[]]]".encode(), b'[["90",[],{"m":-1}]]', b"\xff"],
)  # fmt: skip
def test_rows_that_are_no_rows(body: bytes) -> None:
    with pytest.raises(VaultFormatError):
        rows.decode_job_rows(body)


@pytest.mark.parametrize("chunks", [[[1, 1]], [[0, 0]], [[0, 1], [0, 1]], [[0]], "x", [[0, 1], 2]])
def test_manifest_refusals(chunks: Any) -> None:
    with pytest.raises(VaultFormatError):
        rows.read_manifest({"name": "a", "columns": [], "rows": 1, "chunks": chunks})


RPC = os.urandom(16)
REQUEST = rpc.Request(RPC, ACCOUNT, KID, T, T + 600, rpc.Op.LINE_INFO, {"line": LINE.hex()})
CONNECT = replace(REQUEST, op=rpc.Op.CONNECT, sign_pk=SIGN.public, box_pk=BOX.public)


def open_request(request: rpc.Request, **change: Any) -> rpc.Request:
    sign_sk = change.pop("sign_sk", SIGN.secret)
    blob = rpc.seal_request(request, sign_sk=sign_sk, epoch_pk=EPOCH[0])
    given_: dict[str, Any] = {
        "keys": {KID: EPOCH[1]}, "pinned_sign_pk": SIGN.public, "rpc": RPC, "account": ACCOUNT,
        "now": NOW,
    }  # fmt: skip
    return rpc.open_request(blob, **(given_ | change))


def test_requests_open() -> None:
    assert open_request(REQUEST) == REQUEST
    assert open_request(CONNECT, pinned_sign_pk=None) == CONNECT
    assert open_request(CONNECT) == CONNECT


@pytest.mark.parametrize(
    ("reason", "request_", "change"),
    [
        ("not_connected", REQUEST, {"pinned_sign_pk": None}),
        ("signature", CONNECT, {"pinned_sign_pk": None, "sign_sk": IDENT[1]}),
        ("signature", REQUEST, {"sign_sk": IDENT[1]}),
        ("pin", replace(CONNECT, sign_pk=IDENT[0]), {}),
        ("context", REQUEST, {"rpc": JOB}),
        ("context", REQUEST, {"account": JOB}),
        ("expired", REQUEST, {"now": NOW + timedelta(seconds=600)}),
        ("expired", replace(REQUEST, exp=T + 601), {}),
    ],
)
def test_request_refusals(reason: str, request_: rpc.Request, change: dict[str, Any]) -> None:
    with pytest.raises(rpc.RequestRefused) as caught:
        open_request(request_, **change)
    assert caught.value.reason == reason


def test_answers_and_notices_prove_their_origin_and_place() -> None:
    answer = rpc.Answer(RPC, ACCOUNT, T, True, {"a": "ş"})
    opening: dict[str, Any] = {
        "rpc": RPC, "account": ACCOUNT, "box_sk": BOX.secret, "ident_pks": [IDENT[0]],
    }  # fmt: skip
    good = rpc.seal_answer(answer, ident_sk=IDENT[1], box_pk=BOX.public)
    assert rpc.open_answer(good, **opening) == answer
    failure = replace(answer, ok=False, result=None, error="token", tr="t", en="e")
    sealed = rpc.seal_answer(failure, ident_sk=IDENT[1], box_pk=BOX.public)
    assert rpc.open_answer(sealed, **opening) == failure
    notice = notices.seal_notice(ACCOUNT, "line", T, ident_sk=IDENT[1], box_pk=BOX.public)
    forged = rpc.seal_answer(answer, ident_sk=SIGN.secret, box_pk=BOX.public)
    for blob, change in (
        (forged, {}), (good, {"rpc": JOB}), (good, {"account": JOB}), (notice, {}),
    ):  # fmt: skip
        with pytest.raises(rpc.AnswerRefused):
            rpc.open_answer(blob, **(opening | change))
    del opening["rpc"]
    assert notices.open_notice(notice, **opening)["t"] == "line"
    for blob, change in ((good, {}), (forged, {}), (notice, {"account": JOB})):
        with pytest.raises(VaultFormatError):
            notices.open_notice(blob, **(opening | change))


def test_kdf_floor_and_exact_text() -> None:
    assert keys.Kdf.parse('{"alg":"argon2id13","t":3,"m":65536}') == keys.Kdf()
    for text in (
        '{"alg":"argon2id13","t":2,"m":65536}', '{"alg":"argon2id13","t":3,"m":65535}',
        '{"alg":"argon2id13","t":21,"m":65536}', '{"alg":"argon2id13","t":3,"m":1048577}',
        '{"alg":"argon2i","t":3,"m":65536}', '{"t":3,"m":65536,"alg":"argon2id13"}',
        '{"alg": "argon2id13","t":3,"m":65536}', "[]", "null", "",
    ):  # fmt: skip
        with pytest.raises(keys.WeakKdf):
            keys.Kdf.parse(text)


def test_wrap_pw_holds_to_salt_and_kdf() -> None:
    member, salt, kdf = os.urandom(16), os.urandom(16), keys.Kdf().json()
    wrap = keys.wrap_uk_password(KEY, AK, member=member, salt=salt, kdf=kdf)
    assert keys.open_uk_password(KEY, wrap, member=member, salt=salt, kdf=kdf) == AK
    for bad in (
        {"member": JOB}, {"salt": os.urandom(16)}, {"kdf": keys.Kdf(t=4).json()},
    ):  # fmt: skip
        given_: dict[str, Any] = {"member": member, "salt": salt, "kdf": kdf} | bad
        with pytest.raises(VaultFormatError):
            keys.open_uk_password(KEY, wrap, **given_)


@given(st.binary(min_size=20, max_size=20))
def test_recovery_code_survives_a_hand(rc: bytes) -> None:
    code = recovery_code.encode(rc)
    assert recovery_code.decode(code) == rc
    messy = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert recovery_code.decode(f" {messy}\n") == rc


@given(st.binary(min_size=20, max_size=20), st.integers(0, 35))
def test_a_misread_recovery_code_is_noticed(rc: bytes, place: int) -> None:
    letters = list(recovery_code.encode(rc).replace("-", ""))
    letters[place] = "2" if letters[place] != "2" else "3"
    with pytest.raises(recovery_code.RecoveryCodeError):
        recovery_code.decode("".join(letters))


def test_next_key_needs_the_old_one() -> None:
    place: dict[str, Any] = {"account": ACCOUNT, "member": JOB, "version": 2}
    wrap = keys.wrap_ak_next(AK, KEY, **place)
    assert keys.open_ak_next(AK, wrap, **place) == KEY
    with pytest.raises(VaultFormatError):
        keys.open_ak_next(OTHER, wrap, **place)
    with pytest.raises(VaultFormatError):
        keys.open_ak_next(AK, wrap, **(place | {"version": 3}))
    assert u32(2) == b"\0\0\0\x02"
