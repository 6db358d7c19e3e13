"""Taking a message: what Meta checks, in its order, and what it answers."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any

from whatstr.simulator.meta import templates
from whatstr.simulator.meta.errors import GraphError
from whatstr.simulator.meta.model import Line, Media, Message, Template, wamid_for
from whatstr.simulator.meta.outcomes import Outcomes
from whatstr.simulator.meta.settings import Fault, FaultKind
from whatstr.simulator.meta.world import World

_KEYS = {
    "messaging_product",
    "recipient_type",
    "to",
    "recipient",
    "type",
    "context",
    "biz_opaque_callback_data",
    "recipient_identity_key_hash",
    "message_activity_sharing",
    "product_policy",
}
_MEDIA = {"image", "video", "audio", "document", "sticker"}
_TYPES = _MEDIA | {"text", "template", "interactive", "location", "contacts", "reaction"}
_MAX_OPAQUE = 512


class Sending:
    """The `messages` edge of a line."""

    def __init__(self, world: World, outcomes: Outcomes) -> None:
        self.world = world
        self.outcomes = outcomes

    def faults(self, line: Line, body: Mapping[str, Any]) -> list[Fault]:
        """The faults by setting that strike this request."""
        template = body.get("template")
        return self.world.settings.faults_for(
            scope="messages",
            line=line.id,
            digits=re.sub(r"\D", "", str(body.get("to", ""))),
            template=str(template.get("name", "")) if isinstance(template, dict) else "",
            dice=self.world.dice,
        )

    def accept(
        self,
        line: Line,
        body: dict[str, Any],
        *,
        version: str,
        marketing_api: bool,
        faults: list[Fault],
    ) -> dict[str, Any]:
        """Check, count and take one message; the answer's JSON. Raises GraphError."""
        now = time.time()
        person, wanted, by_bsuid = self._recipient(line, body)
        kind = str(body.get("type", "text"))
        template, seen = self._content(line, body, kind, marketing_api=marketing_api)
        self._state(line, person)
        for fault in faults:
            if fault.kind is FaultKind.ERROR and fault.where == "response":
                raise GraphError(fault.code, "fault by setting", status=fault.status_given())
        self._pace(line, person, now)
        waba = self.world.wabas[line.waba_id]
        in_window = self.world.window_open(line.id, person, now)
        if template is None and not in_window and self.world.settings.window_error == "response":
            raise GraphError(131047, "a template is needed to open the conversation")
        message = Message(
            seq=self.world.next_seq(),
            wamid=wamid_for("0" if by_bsuid else person),
            line_id=line.id,
            waba_id=line.waba_id,
            business_id=waba.business_id,
            person=person,
            opaque=str(body.get("biz_opaque_callback_data", "")),
            type=kind,
            category=template.category if template else "",
            template_id=template.id if template else "",
            version=version,
            accepted=now,
            in_window=in_window,
            by_bsuid=by_bsuid,
            payload={k: v for k, v in body.items() if k not in _KEYS} | {"_seen": seen},
        )
        acknowledged = self.world.opt_outs.get((waba.business_id, person))
        grace = self.world.settings.opt_out_grace_s
        if acknowledged is not None and now > acknowledged + grace:
            message.after_opt_out = True
        late = [f.code for f in faults if f.kind is FaultKind.ERROR and f.where == "webhook"]
        held = self._fate(message, template, late[0] if late else 0, now)
        self.world.add_message(message)
        return self._answer(message, wanted, held=held)

    # Checks ---------------------------------------------------------------------------------

    def _recipient(self, line: Line, body: Mapping[str, Any]) -> tuple[str, str, bool]:
        if body.get("messaging_product") != "whatsapp":
            raise GraphError(100, message="(#100) The parameter messaging_product is required.")
        if body.get("recipient_type", "individual") != "individual":
            raise GraphError(100, message="(#100) Param recipient_type must be individual.")
        kind = body.get("type", "text")
        if kind not in _TYPES:
            raise GraphError(100, message=f"(#100) Param type must be one of {sorted(_TYPES)}")
        for key in body:
            if key not in _KEYS and key != kind:
                raise GraphError(100, message=f'(#100) Unexpected key "{key}" on param "$"')
        opaque = body.get("biz_opaque_callback_data", "")
        if not isinstance(opaque, str) or len(opaque) > _MAX_OPAQUE:
            raise GraphError(131009, "biz_opaque_callback_data: a string of up to 512 characters")
        if body.get("recipient"):
            bsuid = str(body["recipient"])
            if not re.fullmatch(r"[A-Z]{2}\.[A-Za-z0-9]{1,128}", bsuid):
                raise GraphError(131009, "recipient is not a business-scoped user id")
            return self.world.persons_by_bsuid.get(bsuid, bsuid), bsuid, True
        wanted = body.get("to")
        if not isinstance(wanted, str) or not wanted:
            raise GraphError(100, message="(#100) The parameter to is required.")
        return self.digits(line, wanted), wanted, False

    def digits(self, line: Line, wanted: str) -> str:
        """The number that is meant, digits only; without a plus the line's country is put first."""
        bare = re.sub(r"[\s().-]", "", wanted)
        plus = bare.startswith("+")
        bare = bare.removeprefix("+")
        if not bare.isascii() or not bare.isdigit():
            raise GraphError(131009, "to: not a phone number")
        if not plus and self.world.settings.to_without_plus == "prefix":
            bare = line.country_code + bare.removeprefix("0")
        if not 7 <= len(bare) <= 15 or bare.startswith("0"):
            raise GraphError(131009, "to: not a phone number")
        return bare

    def _content(
        self, line: Line, body: Mapping[str, Any], kind: str, *, marketing_api: bool
    ) -> tuple[Template | None, dict[str, Any]]:
        part = body.get(kind)
        if kind == "contacts" and isinstance(part, list) and part:
            part = {"contacts": part}
        if not part or not isinstance(part, dict):
            raise GraphError(131008, f"Parameter '{kind}' is mandatory for type '{kind}'")
        uploads = self.world.media_by_waba.get(line.waba_id, {})
        if kind == "template":
            return self._template(line, part, uploads, marketing_api=marketing_api)
        if marketing_api:
            raise GraphError(134100, "only templates of category marketing can be sent here")
        if kind == "text":
            text = part.get("body")
            if not isinstance(text, str) or not text.strip():
                raise GraphError(131008, "Parameter 'text.body' is mandatory")
            if len(text) > 4096:
                raise GraphError(131009, "text.body: longer than 4096 characters")
            return None, {"body": text}
        if kind in _MEDIA:
            templates.check_media(kind, part, uploads)
            caption = str(part.get("caption", ""))
            if len(caption) > 1024 or (caption and kind in {"audio", "sticker"}):
                raise GraphError(131009, f"{kind}.caption: too long, or not allowed")
            return None, {"body": caption, kind: part}
        if kind == "interactive":
            return None, _interactive(part)
        return None, {kind: part}

    def _template(
        self,
        line: Line,
        part: Mapping[str, Any],
        uploads: Mapping[str, Media],
        *,
        marketing_api: bool,
    ) -> tuple[Template, dict[str, Any]]:
        name = part.get("name")
        language = part.get("language")
        code = language.get("code") if isinstance(language, dict) else None
        if not name or not code:
            raise GraphError(131008, "template.name and template.language.code are mandatory")
        found = self.world.template_index.get((line.waba_id, str(name), str(code)))
        template = templates.usable(found, str(name), str(code))
        if marketing_api and template.category != "MARKETING":
            raise GraphError(134100, "only templates of category marketing can be sent here")
        filled = templates.fill(
            template, part.get("components"), uploads, marketing_api=marketing_api
        )
        return template, filled

    def _state(self, line: Line, person: str) -> None:
        waba = self.world.wabas[line.waba_id]
        if waba.blocked_code:
            raise GraphError(waba.blocked_code, waba.blocked_details)
        if not line.registered:
            raise GraphError(133010, "the line is not registered")
        if line.status == "RESTRICTED":
            raise GraphError(131048, "the line is restricted for too many blocks and reports")
        if line.status != "CONNECTED":
            raise GraphError(131045, f"the line is {line.status}")
        if person == line.number:
            raise GraphError(131021, "the recipient is the sender")
        if line.account_mode == "SANDBOX" and person not in line.allowed:
            raise GraphError(131030, "the recipient is not in the allowed list of a test line")

    def _pace(self, line: Line, person: str, now: float) -> None:
        settings, limits = self.world.settings, self.world.limits
        if settings.line_limit and not limits.line(
            line.id, rate=line.mps, burst_seconds=settings.line_burst_seconds, now=now
        ):
            raise GraphError(130429, "the throughput of the line is reached")
        if settings.pair_interval and not limits.pair(
            line.id,
            person,
            interval=settings.pair_interval,
            burst=settings.pair_burst,
            now=now,
        ):
            raise GraphError(131056, "too many messages from this line to this person")

    # Fate -----------------------------------------------------------------------------------

    def _fate(self, message: Message, template: Template | None, fail: int, now: float) -> bool:
        """Plan what will become of it; whether it is held for quality."""
        world = self.world
        line = world.lines[message.line_id]
        known = message.person[:1].isdigit()
        marketing = message.category == "MARKETING"
        if not fail:
            if not known:
                fail = 131026
            elif message.person in line.blocked:
                fail = 130403
            elif template is None and not message.in_window:
                fail = 131047
            elif marketing and (message.business_id, message.person) in world.stopped:
                fail = 131050
            elif marketing and message.person.startswith("1"):
                fail = 131049
        ends_well = not fail and self._would_arrive(message, marketing=marketing)
        if (
            ends_well
            and not message.in_window
            and not world.limits.person_of_day(
                message.business_id,
                message.person,
                limit=world.people_limit(message.business_id),
                now=now,
            )
        ):
            fail = world.settings.portfolio_over_code
        if ends_well and marketing and not message.in_window and not fail:
            cap = world.settings.marketing_cap
            if not world.limits.marketing(message.person, cap=cap, now=now):
                fail = 131049
        if template is not None:
            template.sent += 1
            limit = world.settings.pacing_after
            if limit and marketing and not template.paced and template.sent > limit:
                self.outcomes.hold(message, template)
                return True
        self.outcomes.plan(message, fail=fail)
        return False

    def _would_arrive(self, message: Message, *, marketing: bool) -> bool:
        doing = self.world.behaviour(message.person)
        return doing.delivered and (
            not doing.error or doing.revives or (doing.marketing_only and not marketing)
        )

    def _answer(self, message: Message, wanted: str, *, held: bool) -> dict[str, Any]:
        told: dict[str, Any] = {"id": message.wamid}
        if held:
            told["message_status"] = "held_for_quality_assessment"
        elif self.world.settings.message_status == "always":
            told["message_status"] = "accepted"
        contact: dict[str, Any] = {"input": wanted}
        if message.by_bsuid:
            contact["user_id"] = wanted
        else:
            contact["wa_id"] = self.world.wa_id(message.person)
        return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [told]}


def _interactive(part: Mapping[str, Any]) -> dict[str, Any]:
    """Check a button or list message; what the person sees of it."""
    body = part.get("body")
    action = part.get("action")
    if not isinstance(action, dict) or not isinstance(body, dict) or not body.get("text"):
        raise GraphError(131008, "interactive: body.text and action are mandatory")
    kind = part.get("type")
    if kind == "button":
        buttons = action.get("buttons")
        if not isinstance(buttons, list) or not 1 <= len(buttons) <= 3:
            raise GraphError(131009, "interactive.action.buttons: 1 to 3")
        for button in buttons:
            reply = button.get("reply") if isinstance(button, dict) else None
            if not isinstance(reply, dict) or not reply.get("id") or not reply.get("title"):
                raise GraphError(131008, "interactive: each button needs reply.id and reply.title")
    elif kind == "list":
        if not action.get("button") or not action.get("sections"):
            raise GraphError(131008, "interactive: a list needs button and sections")
    elif kind is None:
        raise GraphError(131008, "interactive.type is mandatory")
    return {"body": body["text"], "action": action}
