"""Each role loads only what is its own, every route names its access, every queue is worked."""

from __future__ import annotations

import ast
import json
import subprocess
import sys

import pytest

from tests.rules.source import ROOT, modules
from whatstr.local.keys import LocalKeys

KEYS = LocalKeys()
COMMON = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
QUEUE = {"REDIS_URL": "redis://127.0.0.1:1"}
ENVIRONMENTS = {
    "web": {
        **QUEUE,
        "WHATSTR_SECRET_KEY": KEYS.web_secret,
        "WHATSTR_WEB_PEPPER": KEYS.web_pepper,
        "WHATSTR_STAFF_RING": KEYS.staff_ring,
        "WHATSTR_DESK_PUBLIC": KEYS.desk_public,
        "WHATSTR_IDENT_PUBLIC": KEYS.desk_public,
        "STRIPE_API_KEY": KEYS.stripe_key,
        "STRIPE_WEBHOOK_SECRET": KEYS.stripe_webhook_secret,
    },
    "admin": {
        **QUEUE,
        "WHATSTR_SECRET_KEY": KEYS.admin_secret,
        "WHATSTR_STAFF_RING": KEYS.staff_ring,
        "WHATSTR_DESK_KEY": KEYS.desk_key,
    },
    "hook": {
        "META_APP_SECRET": KEYS.app_secret,
        "META_VERIFY_TOKEN": KEYS.verify_token,
        "WHATSTR_IDENT_PUBLIC": KEYS.desk_public,
    },
    "worker": {
        **QUEUE,
        "WHATSTR_STAFF_RING": KEYS.staff_ring,
        "STRIPE_API_KEY": KEYS.stripe_key,
    },
    "scheduler": QUEUE,
}
PROBE = """
import json, sys
from whatstr import create_app
from whatstr.core.security import access_of
app = create_app()
gated = app.extensions["whatstr_gated"]
rules = [
    [rule.rule, rule.endpoint, access_of(app.view_functions[rule.endpoint]),
     rule.endpoint.rpartition(".")[0] in gated]
    for rule in app.url_map.iter_rules()
]
print(json.dumps({"modules": sorted(m for m in sys.modules if m.startswith("whatstr")),
                  "rules": rules}))
"""


@pytest.fixture(scope="module", params=sorted(ENVIRONMENTS))
def process(request: pytest.FixtureRequest) -> tuple[str, dict[str, list[object]]]:
    """What a process of the role has loaded and serves."""
    role = str(request.param)
    environment = {"WHATSTR_ROLE": role, "PATH": "", **COMMON, **ENVIRONMENTS[role]}
    done = subprocess.run(
        [sys.executable, "-c", PROBE], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return role, json.loads(done.stdout.splitlines()[-1])


def test_no_other_process_loads_the_sender(process: tuple[str, dict[str, list[object]]]) -> None:
    """Vault design, 20.4. `sending.models` is mapping only: metadata must be whole."""
    role, found = process
    loaded = {str(name) for name in found["modules"] if str(name).startswith("whatstr.sending")}
    assert loaded <= {"whatstr.sending", "whatstr.sending.models"}, role


def test_no_process_loads_another_shell(process: tuple[str, dict[str, list[object]]]) -> None:
    role, found = process
    own = {"web": {"portal", "public", "webhooks"}, "admin": {"admin"}, "hook": {"webhooks"}}.get(
        role, {"workers"}
    )
    shells = {"admin", "portal", "public", "webhooks", "workers", "simulator", "local"}
    loaded = {str(name).split(".")[1] for name in found["modules"] if "." in str(name)}
    assert loaded & shells <= own


def test_every_route_names_its_access(process: tuple[str, dict[str, list[object]]]) -> None:
    role, found = process
    open_ones = [
        rule
        for rule, endpoint, access, gated in found["rules"]  # type: ignore[misc]
        if access is None and not gated and not str(endpoint).endswith("static")
    ]
    assert open_ones == [], f"{role}: no access rule"


PUBLIC_ROUTES = {
    "/", "/health", "/guvenlik", "/kosullar", "/gizlilik", "/islemciler", "/cerezler",
    "/tercihler", "/bildir", "/bildir/<string(maxlength=64):code>",
    "/dur/<string(maxlength=64):code>", "/giris", "/kayit", "/onay", "/kurtarma", "/panel",
    "/giris/ikinci", "/giris/kurulum", "/davet", "/eposta",
    "/kisiler", "/kampanyalar", "/kampanyalar/yeni", "/kampanya", "/hatlar", "/odeme",
    "/ayarlar", "/surum", "/destek",
    "/ekip", "/sifirlama", "/release/ident.mjs", "/static/<path:filename>",
    "/api/bundle", "/api/config", "/api/plans", "/api/error-codes", "/api/sender-cert",
    "/api/enrol", "/api/prelogin", "/api/login", "/api/email/confirm", "/api/recovery/start",
    "/api/recovery/open", "/api/recovery/finish",
    "/api/invitations/open", "/api/invitations/accept", "/api/reset/ask", "/api/reset/begin",
    "/api/reset/cancel", "/api/reset/open", "/api/reset/finish", "/webhooks/stripe", "/sign-in",
}  # fmt: skip


def test_only_the_listed_routes_are_public(process: tuple[str, dict[str, list[object]]]) -> None:
    _, found = process
    public = {str(rule) for rule, _, access, _ in found["rules"] if access == "public"}  # type: ignore[misc]
    assert public - PUBLIC_ROUTES == set()


def _calls(name: str) -> list[ast.Call]:
    found = []
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == name:
                found.append(node)
    return found


def test_every_queue_that_is_written_is_worked() -> None:
    from whatstr.workers import QUEUES

    written = {
        call.args[0].value for call in _calls("later") if isinstance(call.args[0], ast.Constant)
    }
    assert written <= set(QUEUES)


def test_every_task_that_is_enqueued_exists() -> None:
    from whatstr.core.queues import TASKS
    from whatstr.workers import load_tasks, timetable

    load_tasks()
    named = {
        call.args[1].value for call in _calls("later") if isinstance(call.args[1], ast.Constant)
    }
    assert named | {entry.task for entry in timetable()} <= set(TASKS)
