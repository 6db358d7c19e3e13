"""The known answers, in Python. The browser is held to the same file by test_browser_vectors."""

# ruff: noqa: E501
from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from nacl import bindings

from tests.vault import make_vectors
from whatstr.core.prf import lv, prf
from whatstr.vault import certificate, franking, job_header, keys, notices, recovery_code, rpc
from whatstr.vault.box import BoxKind, VaultFormatError, box, unbox
from whatstr.vault.indexes import ix
from whatstr.vault.rows import decode_job_rows, encode_job_rows
from whatstr.vault.seals import open_customer_seal, open_member_seal, open_sender_seal
from whatstr.vault.signed import Label, sign, verify

V: dict[str, Any] = json.loads(make_vectors.PATH.read_text(encoding="utf-8"))
IN: dict[str, Any] = V["inputs"]


def b(name: str) -> bytes:
    return bytes.fromhex(IN[name])


def test_the_file_is_what_the_script_writes() -> None:
    assert make_vectors.PATH.read_text(encoding="utf-8") == make_vectors.text()


# Copied by hand from the design, so that the script cannot drift together with the code.
DESIGN = {
    "lv": "000000016100000000000000026263",
    "test": "2f5a9c01e19b576283d69693283ad525f383926ccd83a1954914a3ca1a2faec2",
    "prf-session": "e9ce30614ee4c3a7aac222eb963bef9f794022b9ac73fa653451451ab00b7b50",
    "mk": "e46b7c7d317d4b4fc9d06cd2a55ccee506bca2f6e55b9d54d97b38f6dd6317ca",
    "auth": "1484a8e50bcb340ee57c6d827b9512c488885bd8d67dc65adb289e5071ff31e7",
    "kek": "bf67242223d0a9cfce9dc2f1ac96659a52050f16de39b2907e08ee933a380437",
    "rkek": "6389d33cbb11d96da2524e53d885d422c60662b2d63a4dca4ca0b76635730574",
    "rauth": "d83af828ce892e00706a9b32fb687b3534f259c64b302117e6d85bf9d2c21c05",
    "member_pk": "3f7b353e383db3999f2ef7b075bad04f1361dd385e5238ad5e90376870dc031f",
    "recovery_code": "M2GT-58X4-MPKA-FA59-NANT-SBDE-NYRB-3CNK-80R5",
    "vk": "aefc5fa181c3e05e0f2aedc4d7dd57ddfeb6dd59cd3fad2394c24fd527cabe0e",
    "box_pk": "1d2603f378e7d265ba40ea2e3c976131036a01921c8a2a88ad4d7e7a7e81b166",
    "sign_pk": "04b82195c8590ece871745b051e5daba50e7ec672b86cb035c5884aa82414444",
    "list-manifest": "0120505152535455565758595a5b5c5d5e5f6061626364656667f058a28525481bd5bb8b1f3b458e"
    "c67cdc2e3623730aa3a95fd85dcf5b6aa5e2ea4c4679dea2504b35818bb815cdd78915121d89594dae863729c74f97"
    "057292e44b28080ddbaa94a62ab5a2ac2085fe1cf994be149c7056d1621ffbbf882895185c300fe48b351a58ef87cc"
    "2d549464",
    "wrap_pw": "0101505152535455565758595a5b5c5d5e5f606162636465666717bcb295b3545b4af9ee1dbedb8ebaeba36"
    "b9cb99579ed323f1c607a0928dd7852180d744351cdb14dc32d7003953367b224a6c17700f978bed82b2ff0423be59"
    "31411362bdaf00147eef4c0f386151b707b8a09693cec2a471403f5fc30acb9cd797ce40b73cda9ca75096bfa96ab84",
    "recipient": "51c384c3caa077094972c9f14b8a2dba",
    "wamid": "acf383b8e65b12353198792dd53295ea",
    "tags": "e0229b449e34ea189981e003a450f7318c4b83d7f0adc7f9c6b56218c580d072",
}


def test_the_file_agrees_with_the_design() -> None:
    found = V["keys"] | {"lv": V["prf"][0]["out"], "test": V["prf"][1]["out"]}
    found |= {"prf-session": V["prf"][2]["out"]}
    found |= {x["name"]: x["box"] for x in V["boxes"]} | {"tags": V["franking"]["tags"]}
    found |= {x["purpose"]: x["out"] for x in V["index"]}
    assert {name: found[name] for name in DESIGN} == DESIGN


def test_prf_and_keys() -> None:
    mk = keys.master_key(IN["password"], b("salt"), keys.Kdf.parse(IN["kdf"]))
    uk, ak, member = b("uk"), b("ak"), b("member")
    assert lv("a", "", "bc").hex() == DESIGN["lv"]
    assert prf(b("k"), "wtr1/test", "x", "ş").hex() == DESIGN["test"]
    assert {
        "mk": mk.hex(),
        "auth": keys.auth_key(mk).hex(),
        "kek": keys.password_kek(mk).hex(),
        "rauth": keys.recovery_auth(b("rc"), member).hex(),
        "rkek": keys.recovery_kek(b("rc"), member).hex(),
        "invite_proof": keys.invite_proof(b("is"), b("invite")).hex(),
        "member_pk": keys.member_pair(uk).public.hex(),
        "vk": keys.vault_key(ak).hex(),
        "box_pk": keys.account_box_pair(ak).public.hex(),
        "sign_pk": keys.account_sign_pair(ak).public.hex(),
        "recovery_code": recovery_code.encode(b("rc")),
    } == V["keys"]


@pytest.mark.parametrize("case", V["boxes"], ids=lambda case: case["name"])
def test_boxes_both_ways(case: dict[str, Any]) -> None:
    key, kind = bytes.fromhex(case["key"]), BoxKind(case["kind"])
    aad = [bytes.fromhex(part) for part in case["aad"]]
    plain, blob = bytes.fromhex(case["plain"]), bytes.fromhex(case["box"])
    assert box(key, kind, plain, *aad, nonce=b("nonce")) == blob
    assert unbox(key, kind, blob, *aad) == plain


def test_a_ciphertext_for_two_keys_is_refused() -> None:
    (case,) = V["refused"]
    key, other = bytes.fromhex(case["opens_with"]), bytes.fromhex(case["refused_with"])
    kind, blob = BoxKind(case["kind"]), bytes.fromhex(case["box"])
    aad = [bytes.fromhex(part) for part in case["aad"]]
    unbox(key, kind, blob, *aad)
    # The cipher alone would let the second key in: this is a real two-key ciphertext.
    raw_key = prf(other, "wtr1/box/enc", blob[1:2], blob[2:26])
    raw = bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(
        blob[58:], lv(blob[:2], *aad), blob[2:26], raw_key
    )
    assert raw.endswith(b"\x80")
    with pytest.raises(VaultFormatError, match="commitment"):
        unbox(other, kind, blob, *aad)


def test_signed_and_seals() -> None:
    pair, seals = keys.account_sign_pair(b("ak")), V["seals"]
    body = V["signed"]["body"].encode()
    assert sign(Label.JOB, body, pair.secret).hex() == V["signed"]["out"]
    assert verify(Label.JOB, bytes.fromhex(V["signed"]["out"]), pair.public) == body
    opened = open_sender_seal({IN["kid"]: b("epoch_sk")}, bytes.fromhex(seals["sender"]))
    assert opened == (IN["kid"], b"merhaba")
    account = keys.account_box_pair(b("ak")).secret
    assert open_customer_seal(account, bytes.fromhex(seals["customer"])) == b"merhaba"
    inner = open_member_seal(keys.member_pair(b("uk")).secret, bytes.fromhex(seals["member"]))
    assert keys.open_ak_next(
        b("ak"), inner, account=b("account"), member=b("member"), version=2
    ) == b("next_ak")


def test_certificate() -> None:
    case, ident = V["certificate"], bytes.fromhex(V["ident_pk"])
    cert = certificate.verify_certificate(
        bytes.fromhex(case["blob"]), [ident], now=datetime.fromtimestamp(case["nb"], UTC)
    )
    assert cert == certificate.Certificate(
        IN["kid"], bytes.fromhex(case["pk"]), case["nb"], case["na"]
    )


def test_job_header_request_answer_notice() -> None:
    keyring, pair = {IN["kid"]: b("epoch_sk")}, keys.account_sign_pair(b("ak"))
    ident, box_sk = [bytes.fromhex(V["ident_pk"])], keys.account_box_pair(b("ak")).secret
    clear = job_header.ClearJob(b("account"), b("job"), b("conn"), 3, 1_203)
    header = job_header.open_header(
        bytes.fromhex(V["job_header"]["seal"]),
        keys=keyring,
        sign_pk=pair.public,
        clear=clear,
        offered={IN["kid"]: (1_790_000_000, 1_790_604_800)},
        now=datetime.fromtimestamp(1_790_186_400, UTC),
    )
    assert header.body().decode() == V["job_header"]["body"]
    assert header.jk == b("jk")
    request = rpc.open_request(
        bytes.fromhex(V["request"]["seal"]),
        keys=keyring,
        pinned_sign_pk=None,
        rpc=b("mref"),
        account=b("account"),
        now=datetime.fromtimestamp(1_790_100_001, UTC),
    )
    assert request.body().decode() == V["request"]["body"]
    assert request.args["token"] == "EAAG-örnek"
    answer = rpc.open_answer(
        bytes.fromhex(V["answer"]["seal"]),
        rpc=b("mref"),
        account=b("account"),
        box_sk=box_sk,
        ident_pks=ident,
    )
    assert rpc.answer_body(answer).decode() == V["answer"]["body"]
    notice = notices.open_notice(
        bytes.fromhex(V["notice"]["seal"]), account=b("account"), box_sk=box_sk, ident_pks=ident
    )
    assert (notice["t"], notice["from"]) == ("optout", "905301112233")


def test_job_rows() -> None:
    (chunk,) = (bytes.fromhex(c["plain"]) for c in V["boxes"] if c["name"] == "job_chunk")
    rows = decode_job_rows(chunk)
    assert encode_job_rows(rows) == chunk
    assert rows[0].buttons == ("{kod}",)
    assert rows[2].media == 0


@pytest.mark.parametrize("case", V["index"], ids=lambda case: case["purpose"])
def test_indexes(case: dict[str, Any]) -> None:
    account = bytes.fromhex(case["account"])
    assert ix(b("k"), case["purpose"], account, case["value"]).hex() == case["out"]


def test_franking() -> None:
    case = V["franking"]
    assert franking.frank_tags(b("k"), b("mref"), case["text"]).hex() == case["tags"]
    for line, canonical in case["canon"]:
        assert franking.canon(line) == canonical
    template = case["template"]
    lines = franking.frank_lines(
        template["components"],
        template["params"],
        header=template["header"],
        buttons=template["buttons"],
    )
    assert lines == template["lines"]
    media = [bytes.fromhex(digest) for digest in template["media"]]
    assert franking.frank_tags(b("k"), b("mref"), lines, media).hex() == template["tags"]
