"""Imports go one way (docs/architecture.md)."""

from __future__ import annotations

import pytest

from tests.rules.source import Module, modules

# What a domain may import, besides itself.
MAY = {
    "core": set(),
    "audit": {"core"},
    "accounts": {"core", "audit"},
    "vault": {"core", "audit", "accounts"},
    "lines": {"core", "audit", "accounts", "vault"},
    "audiences": {"core", "audit", "accounts", "vault"},
    "billing": {"core", "audit", "accounts", "vault"},
    "support": {"core", "audit", "accounts"},
    "privacy": {"core", "audit", "accounts"},
    "campaigns": {
        "core",
        "audit",
        "accounts",
        "vault",
        "lines",
        "audiences",
        "billing",
        "support",
    },
}
MAY["sending"] = {*MAY["campaigns"], "campaigns", "abuse"} - {"billing", "support"}
MAY["abuse"] = {*MAY["campaigns"], "campaigns"}
MAY["exports"] = {*MAY["abuse"], "abuse"}
SHELLS = {"admin", "portal", "public", "webhooks", "workers", "local"}
COMMANDS = {"whatstr.shells", "whatstr.cli", "whatstr.cli_bundle", "whatstr.process"}
OWN_WORLD = {"simulator"}
# Modules of the package's root that any file may read.
ROOT_MODULES = {"whatstr", "whatstr.config", "whatstr.extensions"}
# The formats are read by the sender, the tests and the client library: they stand on core alone.
FORMATS = {
    "box", "certificate", "franking", "identity", "indexes", "job_header", "keys", "notices",
    "recovery_code", "rows", "rpc", "seals", "signed", "wire",
}  # fmt: skip


def area_of(name: str) -> str:
    parts = name.split(".")
    return parts[1] if parts[0] == "whatstr" and len(parts) > 1 else ""


@pytest.mark.parametrize("module", [m for m in modules() if m.area in MAY], ids=lambda m: m.name)
def test_a_domain_imports_only_what_stands_below_it(module: Module) -> None:
    allowed = MAY[module.area] | {module.area}
    for name in module.imports():
        if not name.startswith("whatstr") or name in ROOT_MODULES:
            continue
        if name.startswith(("whatstr.config.", "whatstr.extensions.")):
            continue
        if area_of(name) in {"create_app", "settings_of", "Settings", "Role", "ROOT"}:
            continue
        assert area_of(name) in allowed, f"{module.name} imports {name}"


@pytest.mark.parametrize("module", modules(), ids=lambda m: m.name)
def test_nobody_imports_a_shell(module: Module) -> None:
    if module.name in COMMANDS or module.area in SHELLS:
        return
    for name in module.imports():
        assert area_of(name) not in SHELLS, f"{module.name} imports {name}"


@pytest.mark.parametrize("module", modules(), ids=lambda m: m.name)
def test_the_simulators_know_nothing_of_the_product(module: Module) -> None:
    for name in module.imports():
        if module.area in OWN_WORLD:
            assert not name.startswith("whatstr") or area_of(name) in OWN_WORLD, name
        elif module.area not in {"local", ""}:
            assert area_of(name) not in OWN_WORLD, f"{module.name} imports {name}"


@pytest.mark.parametrize(
    "module",
    [m for m in modules() if m.area == "vault" and m.name.split(".")[-1] in FORMATS],
    ids=lambda m: m.name,
)
def test_the_formats_stand_on_core_alone(module: Module) -> None:
    for name in module.imports():
        if name.startswith("whatstr"):
            assert area_of(name) in {"core", "vault"}, f"{module.name} imports {name}"


def test_no_drawer_modules() -> None:
    names = {"utils", "util", "helpers", "helper", "common", "misc"}
    assert [m.name for m in modules() if m.path.stem in names] == []


ALLOWED_CLOCKS = {"whatstr.core.clock"}


@pytest.mark.parametrize(
    "module",
    [m for m in modules() if m.area not in {"simulator", "local"} and m.name not in ALLOWED_CLOCKS],
    ids=lambda m: m.name,
)
def test_time_comes_from_the_clock_only(module: Module) -> None:
    text = module.path.read_text()
    for wrong in ("datetime.now(", "utcnow(", "time.time(", "date.today("):
        assert wrong not in text, f"{module.name} reads the wall clock: {wrong}"
