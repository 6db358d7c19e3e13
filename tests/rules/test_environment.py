"""Settings name what is missing and refuse what is foreign; .env.example lists every variable."""

from __future__ import annotations

import re

import pytest

from tests.rules.source import ROOT, modules
from whatstr.config import VARIABLES, ConfigError, Role, Settings

WEB = {
    "WHATSTR_ROLE": "web",
    "DATABASE_URL": "postgresql://x/y",
    "REDIS_URL": "redis://x",
    "WHATSTR_SECRET_KEY": "k",
    "WHATSTR_WEB_PEPPER": "p",
    "WHATSTR_STAFF_RING": "{}",
    "WHATSTR_DESK_PUBLIC": "d",
    "WHATSTR_IDENT_PUBLIC": "i",
    "STRIPE_API_KEY": "s",
    "STRIPE_WEBHOOK_SECRET": "w",
}


def test_the_example_lists_every_variable_and_no_other() -> None:
    text = (ROOT / ".env.example").read_text()
    listed = re.findall(r"^#?\s?([A-Z][A-Z0-9_]+)=", text, flags=re.MULTILINE)
    assert sorted(listed) == sorted(v.name for v in VARIABLES)


def test_every_variable_is_read_somewhere() -> None:
    source = (
        "\n".join(m.path.read_text() for m in modules() if m.name not in {"whatstr.config"})
        + (ROOT / "whatstr" / "config.py")
        .read_text()
        .split("@dataclass(frozen=True)\nclass Settings")[1]
    )
    assert [v.name for v in VARIABLES if v.name not in source] == []


def test_a_complete_environment_is_taken() -> None:
    settings = Settings.from_environment(WEB)
    assert settings.role is Role.WEB
    assert settings.database_url == "postgresql+psycopg://x/y"


@pytest.mark.parametrize("name", [n for n in WEB if n != "WHATSTR_ROLE"])
def test_what_is_missing_is_named(name: str) -> None:
    environment = {k: v for k, v in WEB.items() if k != name}
    with pytest.raises(ConfigError, match=name):
        Settings.from_environment(environment)


SECRETS = [(v.name, role) for v in VARIABLES if v.secret for role in Role if role not in v.roles]


@pytest.mark.parametrize(("name", "role"), SECRETS)
def test_a_process_refuses_a_secret_that_is_not_its_own(name: str, role: Role) -> None:
    if role is Role.TOOL:
        return
    environment = {"WHATSTR_ROLE": role, name: "x"}
    with pytest.raises(ConfigError, match=f"{name} belongs to"):
        Settings.from_environment(environment)


def test_an_unknown_role_is_refused() -> None:
    with pytest.raises(ConfigError, match="WHATSTR_ROLE"):
        Settings.from_environment({"WHATSTR_ROLE": "boss"})
