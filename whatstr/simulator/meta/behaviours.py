"""What the person behind a number does, read from the ending of the number.

One table, so that a demo or a test can choose a number and know what will happen. The longest
matching ending wins. The endings are chosen so that of people with random numbers about 95 in
100 get their message, and only one in some hundred writes back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What happens to a message for this person; the defaults are the ordinary person."""

    name: str
    meaning: str
    delivered: bool = True
    read: bool | None = None
    """None: half of them read (those whose number ends in an even digit)."""
    error: int = 0
    """Code of the `failed` status that comes instead of `delivered` (0: none)."""
    marketing_only: bool = False
    """The error is given to marketing templates only; other messages are delivered."""
    skips_delivered: bool = False
    revives: bool = False
    """`failed` comes first and `delivered` after it."""
    reply: str = ""
    reply_with_context: bool = False
    taps_opt_out: bool = False
    stops_by_switch: bool = False
    changes_number: bool = False
    hides_number: bool = False
    """Only a business-scoped user id is shown in what this person writes."""
    other_wa_id: bool = False
    """Meta knows the person by another number than the dialled one."""


ORDINARY = Behaviour("ordinary", "delivered; read if the number ends in an even digit")

BEHAVIOURS: dict[str, Behaviour] = {
    "11": Behaviour("not_on_whatsapp", "accepted, then failed 131026", error=131026),
    "12": Behaviour("not_on_whatsapp", "accepted, then failed 131026", error=131026),
    "13": Behaviour(
        "stopped_marketing", "failed 131050 if marketing", error=131050, marketing_only=True
    ),
    "14": Behaviour("capped", "failed 131049 if marketing", error=131049, marketing_only=True),
    "15": Behaviour("silent", "sent, never delivered", delivered=False),
    "20": Behaviour("delivers", "delivered, never read", read=False),
    "21": Behaviour("reads", "delivered and read", read=True),
    "220": Behaviour("replies_dur", "writes DUR", reply="DUR"),
    "221": Behaviour("replies_iptal", "writes İPTAL (dotted capital)", reply="İPTAL"),
    "222": Behaviour("replies_stop", "writes STOP", reply="STOP"),
    "223": Behaviour("replies_ret", "writes RET", reply="RET"),
    "224": Behaviour("replies_cik", "writes ÇIK", reply="ÇIK"),
    "225": Behaviour("replies_dur_small", "writes ' dur. '", reply=" dur. "),
    "226": Behaviour("replies_iptal_small", "writes iptal", reply="iptal"),
    "230": Behaviour("taps_opt_out", "taps the quick reply that stops", taps_opt_out=True),
    "240": Behaviour(
        "reports", "writes ŞİKAYET on the message", reply="ŞİKAYET", reply_with_context=True
    ),
    "250": Behaviour("bsuid_only", "delivered; number hidden", hides_number=True),
    "251": Behaviour(
        "bsuid_replies_dur", "number hidden; writes DUR", reply="DUR", hides_number=True
    ),
    "260": Behaviour("thanks", "writes Teşekkürler", reply="Teşekkürler"),
    "261": Behaviour("asks", "a word of refusal inside a question", reply="Durun, fiyatı nedir?"),
    "281": Behaviour("read_only", "read without delivered", read=True, skips_delivered=True),
    "282": Behaviour("late", "failed 131026, delivered after it", error=131026, revives=True),
    "291": Behaviour("unknown_failure", "failed 131000", error=131000),
    "292": Behaviour("experiment", "failed 130472 if marketing", error=130472, marketing_only=True),
    "295": Behaviour("other_wa_id", "wa_id differs from the number", other_wa_id=True),
    "296": Behaviour("stop_switch", "uses WhatsApp's own stop switch", stops_by_switch=True),
    "297": Behaviour("changes_number", "tells of a new number", changes_number=True),
}

_LENGTHS = sorted({len(ending) for ending in BEHAVIOURS}, reverse=True)
_BY_NAME = {behaviour.name: behaviour for behaviour in (ORDINARY, *BEHAVIOURS.values())}


@lru_cache(maxsize=65_536)  # each message asks nine times
def behaviour_of(digits: str) -> Behaviour:
    """The behaviour of the person with this number (digits only)."""
    for length in _LENGTHS:
        found = BEHAVIOURS.get(digits[-length:])
        if found is not None:
            return found
    return ORDINARY


def behaviour_named(name: str) -> Behaviour:
    """The behaviour with this name; KeyError if there is none."""
    return _BY_NAME[name]


def described() -> Iterator[dict[str, str]]:
    """The table as rows for people to read."""
    for ending, behaviour in BEHAVIOURS.items():
        yield {"ending": ending, "name": behaviour.name, "meaning": behaviour.meaning}
    yield {"ending": "", "name": ORDINARY.name, "meaning": ORDINARY.meaning}


_OPT_OUT_WORDS = {"DUR", "STOP", "IPTAL", "RET", "ÇIK", "CIK", "ABONELIKTEN ÇIK", "OPTOUT"}


def is_opt_out(text: str) -> bool:
    """Whether a person who writes or taps this means "stop", as any Turkish reader would say."""
    upper = text.replace("i", "I").replace("ı", "I").upper().replace("İ", "I")
    words = " ".join(upper.replace("_", "").split())
    return words.strip(" .,!;:…") in _OPT_OUT_WORDS
