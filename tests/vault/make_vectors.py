"""Writes tests/vectors/vault.json: the known answers that Python and the browser must both give.

Run `python -m tests.vault.make_vectors`. Every output is a pure function of the fixed inputs
(nonces and ephemeral keys included), so a second run writes the same bytes; a test checks that.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from nacl import bindings

from tests.vault.two_keys import two_key_box
from whatstr.core.prf import lv, prf, u32
from whatstr.vault import certificate, franking, keys, notices, recovery_code, rpc
from whatstr.vault.box import BoxKind, box
from whatstr.vault.indexes import Purpose, ix
from whatstr.vault.job_header import JobHeader, MediaRef, TemplateRef
from whatstr.vault.rows import JobRow, encode_job_rows
from whatstr.vault.signed import Label, sign

PATH = Path(__file__).parent.parent / "vectors" / "vault.json"


def run(start: int, size: int) -> bytes:
    """Bytes that count up by one."""
    return bytes(range(start, start + size))


MEMBER, ACCOUNT, LIST = run(0x00, 16), run(0x10, 16), run(0x20, 16)
INVITE, SALT, NONCE = run(0x30, 16), run(0x40, 16), run(0x50, 24)
AK, K, RC = run(0x60, 32), run(0x80, 32), run(0xA0, 20)
MREF, UK, IS = run(0xB0, 16), run(0xD0, 32), run(0xE0, 32)
JOB, CONN, HALF, JK = run(0x21, 16), run(0x31, 16), run(0x90, 32), run(0x70, 32)
NEXT_AK, IDENT_SEED, EPHEMERAL = run(0x61, 32), run(0xC0, 32), run(0x11, 32)
EPOCH_SK = bytes.fromhex("8aace5276ce3b02a12a7c78c0d379ccb56e0b97cc50725f475a29586c9f14556")
KID, PASSWORD = 2948, "Çok uzun bir parola 42"
KDF = keys.Kdf().json()
TEMPLATE = [
    {"type": "HEADER", "format": "TEXT", "text": "Merhaba {{1}}, haberimiz var"},
    {
        "type": "BODY",
        "text": "Sayın {{1}},\n*Bahar indirimi* başladı: seçili ürünlerde {{2}} indirim.",
    },
    {"type": "FOOTER", "text": "Almak istemiyorsanız DUR yazın"},
    {
        "type": "BUTTONS",
        "buttons": [
            {"type": "QUICK_REPLY", "text": "Gönderimi durdur"},
            {"type": "URL", "text": "Ürünlere bakın", "url": "https://ornek.com.tr/k/{{1}}"},
        ],
    },
]


def fixed_seal(prefix: bytes, pk: bytes, plain: bytes) -> bytes:
    """A sealed box with a fixed ephemeral key (libsodium: nonce = BLAKE2b-192(epk, pk))."""
    epk, esk = bindings.crypto_box_seed_keypair(EPHEMERAL)
    nonce = hashlib.blake2b(epk + pk, digest_size=24).digest()
    return prefix + epk + bindings.crypto_box(plain, nonce, pk, esk)


def vectors() -> dict[str, Any]:
    """All known answers; bytes as hex."""
    return {
        "inputs": inputs(),
        "prf": prf_answers(),
        "keys": key_answers(),
        "boxes": box_answers(),
        "refused": refused(),
        **seal_answers(),
        "index": [
            {"purpose": p, "account": a.hex(), "value": v, "out": ix(K, p, a, v).hex()}
            for p, a, v in (
                (Purpose.RECIPIENT, ACCOUNT, "905301112233"),
                (Purpose.ALIAS, ACCOUNT, "TR.13491208655302741918"),
                (Purpose.WAMID, b"", "wamid.TEST"),
                (Purpose.PNID, b"", "106540352242922"),
            )
        ],
        "franking": frank_answers(),
    }


def inputs() -> dict[str, Any]:
    raw = {
        "member": MEMBER, "account": ACCOUNT, "list": LIST, "invite": INVITE, "salt": SALT,
        "nonce": NONCE, "ak": AK, "k": K, "rc": RC, "mref": MREF, "uk": UK, "is": IS,
        "job": JOB, "conn": CONN, "half": HALF, "jk": JK, "next_ak": NEXT_AK,
        "ident_seed": IDENT_SEED, "epoch_sk": EPOCH_SK,
    }  # fmt: skip
    return {k: v.hex() for k, v in raw.items()} | {"password": PASSWORD, "kdf": KDF, "kid": KID}


def prf_answers() -> list[dict[str, str]]:
    return [
        {"name": "lv", "out": lv("a", "", "bc").hex()},
        {"name": "test", "out": prf(K, "wtr1/test", "x", "ş").hex()},
        {"name": "session", "out": prf(K, "wtr1/session").hex()},
    ]


def key_answers() -> dict[str, str]:
    mk = keys.master_key(PASSWORD, SALT, keys.Kdf())
    values = {
        "mk": mk,
        "auth": keys.auth_key(mk),
        "kek": keys.password_kek(mk),
        "rauth": keys.recovery_auth(RC, MEMBER),
        "rkek": keys.recovery_kek(RC, MEMBER),
        "invite_proof": keys.invite_proof(IS, INVITE),
        "member_pk": keys.member_pair(UK).public,
        "vk": keys.vault_key(AK),
        "box_pk": keys.account_box_pair(AK).public,
        "sign_pk": keys.account_sign_pair(AK).public,
    }
    return {k: v.hex() for k, v in values.items()} | {"recovery_code": recovery_code.encode(RC)}


def box_answers() -> list[dict[str, Any]]:
    """Name, key, kind, plaintext, aad parts, Box: one of every kind."""
    mk = keys.master_key(PASSWORD, SALT, keys.Kdf())
    vk, one = keys.vault_key(AK), u32(1)
    record_types = {
        "draft": '{"title":"Bahar"}',
        "templates": "[]",
        "members": '[{"member":"00","pk":"AA=="}]',
        "suppressed": '[["905301112233",1790000000,"reply"]]',
        "campaign": '{"title":"Bahar indirimi"}',
    }
    chunk = encode_job_rows(
        [
            JobRow("905301112233", ("Zeynep", "%30"), ("Zeynep",), ("{kod}",)),
            JobRow("905301112234", ("İsmail", "%20")),
            JobRow("4915112345678", (), media=0),
        ]
    )
    cases: list[tuple[str, bytes, BoxKind, bytes, tuple[bytes | str, ...]]] = [
        ("list-manifest", K, BoxKind.RECORD, b"merhaba", (ACCOUNT, LIST, "list-manifest", one)),
        ("wrap_pw", keys.password_kek(mk), BoxKind.UK_PW, UK, (MEMBER, SALT, KDF)),
        ("wrap_rec", keys.recovery_kek(RC, MEMBER), BoxKind.UK_REC, UK, (MEMBER,)),
        ("session", keys.session_key(HALF), BoxKind.UK_SESSION, UK, (MEMBER,)),
        ("wrap_org", prf(UK, "wtr1/org-wrap"), BoxKind.AK_MEMBER, AK, (ACCOUNT, MEMBER, one)),
        ("invite", prf(IS, "wtr1/invite"), BoxKind.AK_INVITE, AK, (ACCOUNT, INVITE, one)),
        ("next", prf(AK, "wtr1/next"), BoxKind.AK_NEXT, NEXT_AK, (ACCOUNT, MEMBER, u32(2))),
        ("key_list", vk, BoxKind.KEY_LIST, K, (ACCOUNT, LIST)),
        ("key_job", vk, BoxKind.KEY_JOB, JK, (ACCOUNT, JOB)),
        (
            "list_chunk",
            K,
            BoxKind.LIST_CHUNK,
            b'[["905301112233","Zeynep",[]]]',
            (ACCOUNT, LIST, u32(0), one),
        ),
        ("job_chunk", JK, BoxKind.JOB_CHUNK, chunk, (ACCOUNT, JOB, u32(0), one)),
        (
            "job_media",
            JK,
            BoxKind.JOB_MEDIA,
            bytes(range(256)) * 2,
            (ACCOUNT, JOB, u32(0), u32(1), u32(2)),
        ),
        ("conn", K, BoxKind.CONN, b'{"v":1}', (ACCOUNT, CONN)),
        ("empty", K, BoxKind.RECORD, b"", (ACCOUNT, LIST, "draft", one)),
    ]
    cases += [
        (f"record-{kind}", vk, BoxKind.RECORD, text.encode(), (ACCOUNT, LIST, kind, one))
        for kind, text in record_types.items()
    ]
    return [
        {
            "name": name,
            "key": key.hex(),
            "kind": int(kind),
            "plain": plain.hex(),
            "aad": [lv(part)[4:].hex() for part in aad],
            "box": box(key, kind, plain, *aad, nonce=NONCE).hex(),
        }
        for name, key, kind, plain, aad in cases
    ]


def refused() -> list[dict[str, Any]]:
    """A ciphertext that the AEAD alone opens under two keys; the commitment refuses the second."""
    crafted = two_key_box(K, AK, BoxKind.UK_PW, (MEMBER,))
    return [
        {
            "name": "two keys",
            "opens_with": K.hex(),
            "refused_with": AK.hex(),
            "kind": int(BoxKind.UK_PW),
            "aad": [MEMBER.hex()],
            "box": crafted.hex(),
        }
    ]


def seal_answers() -> dict[str, Any]:
    ident_pk, ident_sk = bindings.crypto_sign_seed_keypair(IDENT_SEED)
    sign_pk, sign_sk = keys.account_sign_pair(AK)
    box_pk = keys.account_box_pair(AK).public
    epoch_pk = bindings.crypto_scalarmult_base(EPOCH_SK)
    to_sender, to_customer = bytes([0x11]) + u32(KID), bytes([0x12])
    cert = certificate.make_certificate(
        certificate.Certificate(KID, epoch_pk, 1_790_000_000, 1_790_604_800), ident_sk
    )
    header = JobHeader(
        ACCOUNT, JOB, CONN, KID, 1_790_100_000, 1_790_186_400, 1_790_791_200,
        TemplateRef("bahar_indirimi", "tr", "1029384756"), 3, 1_203,
        (MediaRef(0, hashlib.sha256(b"medya").digest(), "image/jpeg", 2),), JK,
    )  # fmt: skip
    request = rpc.Request(
        MREF, ACCOUNT, KID, 1_790_100_000, 1_790_100_600, rpc.Op.CONNECT,
        {"line": CONN.hex(), "method": "token", "token": "EAAG-örnek"}, sign_pk, box_pk,
    )  # fmt: skip
    next_sign, next_box_pk = keys.account_sign_pair(NEXT_AK), keys.account_box_pair(NEXT_AK).public
    repin = rpc.repin_args(
        rpc=MREF, account=ACCOUNT, sign_pk=next_sign.public, box_pk=next_box_pk,
        new_sign_sk=next_sign.secret,
    )  # fmt: skip
    answer = rpc.Answer(MREF, ACCOUNT, 1_790_100_003, True, {"line": CONN.hex()})
    answer_signed = sign(Label.ANSWER, rpc.answer_body(answer), ident_sk)
    notice = notices.pad_notice(ACCOUNT, "optout", 1_790_200_000, **{"from": "905301112233"})
    notice_signed = sign(Label.ANSWER, notice, ident_sk)
    job_signed = sign(Label.JOB, header.body(), sign_sk)
    request_signed = sign(Label.RPC, request.body(), sign_sk)
    next_box = box(
        prf(AK, "wtr1/next"), BoxKind.AK_NEXT, NEXT_AK, ACCOUNT, MEMBER, u32(2), nonce=NONCE
    )
    return {
        "ident_pk": ident_pk.hex(),
        "signed": {
            "body": '{"v":1,"job":"test"}',
            "out": sign(Label.JOB, b'{"v":1,"job":"test"}', sign_sk).hex(),
        },
        "seals": {
            "sender": fixed_sender_seal(),
            "customer": CUSTOMER_SEAL,
            "member": fixed_seal(bytes([0x14]), keys.member_pair(UK).public, next_box).hex(),
            "plain": b"merhaba".hex(),
        },
        "certificate": {"blob": cert.hex(), "pk": epoch_pk.hex(), "nb": 1_790_000_000,
                        "na": 1_790_604_800},
        "job_header": {
            "body": header.body().decode(),
            "signed": job_signed.hex(),
            "seal": fixed_seal(to_sender, epoch_pk, job_signed).hex(),
        },
        "request": {
            "body": request.body().decode(),
            "signed": request_signed.hex(),
            "seal": fixed_seal(to_sender, epoch_pk, request_signed).hex(),
        },
        "repin": repin,
        "answer": {
            "body": rpc.answer_body(answer).decode(),
            "seal": fixed_seal(to_customer, box_pk, answer_signed).hex(),
        },
        "notice": {
            "body": notice.decode(),
            "seal": fixed_seal(to_customer, box_pk, notice_signed).hex(),
        },
    }  # fmt: skip


CUSTOMER_SEAL = (
    "1298062736486ab5812789e16b482ff67cf50d1e9d36d05eff40fbd928c74e3d5a74a8ea1a8d36afad35ccf82f"
    "603b478c4b7208f3b04a78"
)


def fixed_sender_seal() -> str:
    """The seal of the design's section 21."""
    return (
        "1100000b847e543f3838c85775bbf67c69fe5d06d09cc1ae2f60171530a837de2410902e32a9956b6c403d9c58"
        "0506861c72232d6da232fe6ed0e8bd"
    )


def frank_answers() -> dict[str, Any]:
    text = [
        "Merhaba Müşteri 0,",
        "",
        "*Bahar indirimi* başladı! Seçili ürünlerde %30 indirim.",
        "DUR",
    ]
    lines = franking.frank_lines(TEMPLATE, ["Zeynep", "%30"], header=["Zeynep"], buttons=["abc"])
    media = [hashlib.sha256(b"medya").digest()]
    canon = [
        "*Bahar  İNDİRİMİ*", "ılık IŞIK", "ABONELİKTEN ÇIK", "~eski~ _yeni_ `kod`",
        "Bahar\u200b indirimi\ufeff", "ﬁyat ½", "Straße",
    ]  # fmt: skip
    return {
        "text": text,
        "tags": franking.frank_tags(K, MREF, text).hex(),
        "canon": [[line, franking.canon(line)] for line in canon],
        "template": {
            "components": TEMPLATE,
            "params": ["Zeynep", "%30"],
            "header": ["Zeynep"],
            "buttons": ["abc"],
            "lines": lines,
            "media": [m.hex() for m in media],
            "tags": franking.frank_tags(K, MREF, lines, media).hex(),
        },
    }


def text() -> str:
    """The file's content."""
    return json.dumps(vectors(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
    print(PATH.name)
