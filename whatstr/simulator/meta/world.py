"""Everything the simulator knows, with the indexes that make it quick, kept in the store."""

from __future__ import annotations

import base64
import hashlib
import itertools
import random
import secrets
import time
from collections import deque
from functools import lru_cache

from whatstr.simulator.meta import seed
from whatstr.simulator.meta.behaviours import Behaviour, behaviour_named, behaviour_of
from whatstr.simulator.meta.limits import Limits
from whatstr.simulator.meta.model import (
    TIERS,
    Code,
    Line,
    Media,
    Message,
    Portfolio,
    Record,
    Template,
    Token,
    Waba,
)
from whatstr.simulator.meta.settings import Settings
from whatstr.simulator.meta.store import Store

_KINDS: dict[str, type[Record]] = {
    "portfolio": Portfolio,
    "waba": Waba,
    "line": Line,
    "template": Template,
    "token": Token,
    "media": Media,
    "code": Code,
}
_WINDOW = 86_400.0
_FIRST = ("Ayşe", "Mehmet", "Zeynep", "Çağrı", "Işıl", "Umut", "Şule", "Emre", "Gül", "İlker")
_LAST = ("Yılmaz", "Öztürk", "Şahin", "Çelik", "Aydın", "Iğdır", "Güneş", "Koç", "Ünal", "Demir")


class World:
    """The state. Whoever changes a record calls `save` with it."""

    def __init__(self, store: Store, settings: Settings, app_id: str) -> None:
        self.store = store
        self.settings = settings
        self.app_id = app_id
        self.dice = random.Random(settings.seed)
        self.limits = Limits()
        self.portfolios: dict[str, Portfolio] = {}
        self.wabas: dict[str, Waba] = {}
        self.lines: dict[str, Line] = {}
        self.templates: dict[str, Template] = {}
        self.template_index: dict[tuple[str, str, str], Template] = {}
        self.tokens: dict[str, Token] = {}
        self.codes: dict[str, Code] = {}
        self.media: dict[str, Media] = {}
        self.media_by_waba: dict[str, dict[str, Media]] = {}
        self.blobs: dict[str, bytes] = {}
        self.messages: dict[str, Message] = {}
        self.by_opaque: dict[str, list[Message]] = {}
        self.by_person: dict[str, list[Message]] = {}
        self.windows: dict[tuple[str, str], float] = {}
        self.opt_outs: dict[tuple[str, str], float] = {}
        """(business, person) -> when our webhook about it was answered with 200."""
        self.stopped: set[tuple[str, str]] = set()
        """(business, person) by the person's own switch."""
        self.behaviours: dict[str, str] = {}
        self.bsuids: dict[tuple[str, str], str] = {}
        self.persons_by_bsuid: dict[str, str] = {}
        self._payloads: deque[Message] = deque()
        self._next = itertools.count(1)
        self._load()

    def _load(self) -> None:
        for kind, record in _KINDS.items():
            for _, doc in self.store.load(kind):
                self._index(record.of(doc))
        if not self.portfolios:
            self.add(*seed.first_business())
        self.blobs = self.store.load_blobs()
        for kind, table in (("window", self.windows), ("opt_out", self.opt_outs)):
            for item, at in self.store.load(kind):
                first, second = item.split(":", 1)
                table[first, second] = at
        for item, _ in self.store.load("stopped"):
            first, second = item.split(":", 1)
            self.stopped.add((first, second))
        self.behaviours = dict(self.store.load("behaviour"))
        last = 0
        for _, doc in self.store.load("message"):
            message = Message.of(doc)
            self._index_message(message)
            last = message.seq
            if message.reached and not message.in_window:
                self.limits.person_of_day(
                    message.business_id, message.person, limit=None, now=message.accepted
                )
        self._next = itertools.count(last + 1)

    def _index(self, record: Record) -> str:
        match record:
            case Portfolio():
                self.portfolios[record.id] = record
                return "portfolio"
            case Waba():
                self.wabas[record.id] = record
                return "waba"
            case Line():
                self.lines[record.id] = record
                return "line"
            case Template():
                self.templates[record.id] = record
                self.template_index[record.waba_id, record.name, record.language] = record
                return "template"
            case Token():
                self.tokens[record.value] = record
                return "token"
            case Media():
                self.media[record.id] = record
                self.media_by_waba.setdefault(record.waba_id, {})[record.id] = record
                return "media"
            case Code():
                self.codes[record.value] = record
                return "code"
        raise TypeError(type(record).__name__)

    def add(self, *records: Record) -> None:
        """Take new records in and keep them; also the way to save a changed one."""
        for record in records:
            kind = self._index(record)
            item = getattr(record, "value", None) or record.id  # type: ignore[attr-defined]
            self.store.put(kind, item, record.doc)

    save = add

    def remove_template(self, template: Template) -> None:
        """Delete a template for good."""
        self.templates.pop(template.id, None)
        self.template_index.pop((template.waba_id, template.name, template.language), None)
        self.store.drop("template", template.id)

    def remove_media(self, media: Media) -> None:
        """Delete an uploaded file."""
        self.media.pop(media.id, None)
        self.media_by_waba.get(media.waba_id, {}).pop(media.id, None)
        self.blobs.pop(media.id, None)
        self.store.drop("media", media.id)
        self.store.drop_blob(media.id)

    # Accounts -------------------------------------------------------------------------------

    def lines_of(self, waba_id: str) -> list[Line]:
        """The lines of an account, in the order of their ids."""
        return sorted((x for x in self.lines.values() if x.waba_id == waba_id), key=lambda x: x.id)

    def templates_of(self, waba_id: str) -> list[Template]:
        """The templates of an account, newest id first, as Meta lists them."""
        found = (x for x in self.templates.values() if x.waba_id == waba_id)
        return sorted(found, key=lambda x: x.id, reverse=True)

    def portfolio_of(self, waba_id: str) -> Portfolio:
        """The business behind an account."""
        return self.portfolios[self.wabas[waba_id].business_id]

    def people_limit(self, business_id: str) -> int | None:
        """How many people a day the portfolio may open; None: no limit."""
        if self.settings.portfolio_limit is not None:
            return self.settings.portfolio_limit
        return TIERS.get(self.portfolios[business_id].tier)

    def new_business(self, name: str, *, lines: int = 1, digits: str = "") -> Waba:
        """A further business with account, lines and templates."""
        number = len(self.portfolios) + 1
        things = seed.another_business(number, name, lines=lines, digits=digits)
        self.add(*things)
        return next(thing for thing in things if isinstance(thing, Waba))

    def new_id(self, prefix: str) -> str:
        """A fresh id of 15 digits."""
        return prefix + "".join(secrets.choice("0123456789") for _ in range(15 - len(prefix)))

    # People ---------------------------------------------------------------------------------

    def behaviour(self, person: str) -> Behaviour:
        """What this person does: as set, else by the ending of the number."""
        name = self.behaviours.get(person)
        return behaviour_named(name) if name else behaviour_of(person)

    def set_behaviour(self, person: str, name: str) -> None:
        """Let a person behave as named; KeyError if there is no such behaviour."""
        behaviour_named(name)
        self.behaviours[person] = name
        self.store.put("behaviour", person, lambda: name)

    def bsuid(self, business_id: str, person: str) -> str:
        """The business-scoped user id: one per portfolio and person."""
        known = self.bsuids.get((business_id, person))
        if known is None:
            mark = hashlib.blake2b(f"{business_id}:{person}".encode(), digest_size=15).digest()
            known = "TR." + base64.b32encode(mark).decode()
            self.bsuids[business_id, person] = known
            self.persons_by_bsuid[known] = person
        return known

    @staticmethod
    @lru_cache(maxsize=65_536)
    def name_of(person: str) -> str:
        """The profile name of a person, always the same."""
        mark = int.from_bytes(hashlib.blake2b(person.encode(), digest_size=2).digest(), "big")
        return f"{_FIRST[mark % 10]} {_LAST[mark // 10 % 10]}"

    def wa_id(self, person: str) -> str:
        """The number as Meta knows it."""
        if self.behaviour(person).other_wa_id:
            return person[:-1] + str((int(person[-1]) + 4) % 10)
        return person

    def window_open(self, line_id: str, person: str, now: float) -> bool:
        """Whether the person wrote to this line within 24 hours."""
        return self.windows.get((line_id, person), 0.0) > now - _WINDOW

    def open_window(self, line_id: str, person: str, now: float) -> None:
        """The person has written."""
        self.windows[line_id, person] = now
        self.store.put("window", f"{line_id}:{person}", lambda: now)

    def opted_out(self, business_id: str, person: str, at: float) -> None:
        """The business has acknowledged the person's wish to stop; the first time counts."""
        if (business_id, person) not in self.opt_outs:
            self.opt_outs[business_id, person] = at
            self.store.put("opt_out", f"{business_id}:{person}", lambda: at)

    def set_stopped(self, business_id: str, person: str, *, stop: bool) -> None:
        """The person's own switch for marketing from this business; resuming ends an opt-out."""
        key = f"{business_id}:{person}"
        if stop:
            self.stopped.add((business_id, person))
            self.store.put("stopped", key, lambda: 1)
        else:
            self.stopped.discard((business_id, person))
            self.store.drop("stopped", key)
            self.opt_outs.pop((business_id, person), None)
            self.store.drop("opt_out", key)

    # Messages -------------------------------------------------------------------------------

    def next_seq(self) -> int:
        """The number of the next message."""
        return next(self._next)

    def _index_message(self, message: Message) -> None:
        self.messages[message.wamid] = message
        self.by_opaque.setdefault(message.opaque or message.wamid, []).append(message)
        self.by_person.setdefault(message.person, []).append(message)
        if message.payload is not None:
            self._payloads.append(message)
            while len(self._payloads) > self.settings.keep_payloads:
                old = self._payloads.popleft()
                if old.plan:
                    self._payloads.append(old)
                    break
                old.payload = None

    def add_message(self, message: Message) -> None:
        """Take a message in."""
        self._index_message(message)
        self.keep(message)

    def keep(self, message: Message) -> None:
        """Save a message after a change."""
        self.store.put("message", message.key, message.doc)

    def forget_messages(self) -> None:
        """Empty the ledger; people, lines and templates stay."""
        for table in (self.messages, self.by_opaque, self.by_person, self.windows, self.opt_outs):
            table.clear()
        self._payloads.clear()
        self.stopped.clear()
        self.limits = Limits()
        self.store.wipe("message", "outbox", "window", "opt_out", "stopped")

    def healthy_token(self, value: str) -> Token | None:
        """The token if it is known, valid and not expired."""
        token = self.tokens.get(value)
        if token is None or not token.valid:
            return None
        return token if not token.expires or token.expires > time.time() else None
