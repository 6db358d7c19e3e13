"""A page with the vault's Worker, driven from Python."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from tests.vault.fake_world import TEMPLATE, World

EMAIL, PASSWORD = "zeynep@ornek.com.tr", "Çok uzun bir parola 42"
CONSENT = {"basis": "explicit_consent", "source": "kasa", "collected_on": "2026-11-01",
           "statement_version": "1"}  # fmt: skip
MAPPING = {
    "header": [{"from": "name", "fallback": "müşterimiz"}],
    "body": [{"from": "name", "fallback": "müşterimiz"}, {"from": "field", "index": 0},
             {"from": "code"}],
    "buttons": [{"from": "fixed", "text": "bahar"}],
}  # fmt: skip
OPEN = """async () => {
  const { openVault } = await import('/static/js/vault/client.mjs');
  globalThis.vault = await openVault();
  globalThis.locked = [];
  vault.addEventListener('locked', (event) => locked.push(event.detail.reason));
  return vault.session;
}"""
CALL = """async ([name, args, file]) => {
  const seen = [];
  if (file) args.file = new File([file], 'k.csv');
  try {
    const result = await vault.call(name, args, {onProgress: (p) => seen.push(p)});
    if (result?.blob) result.text = await result.blob.text();
    return {result, seen};
  } catch (error) {
    return {error: error.code, data: error.data, detail: error.detail, seen};
  }
}"""


class Panel:
    """A page with the vault, driven from Python."""

    def __init__(self, page: Page, address: str, world: World) -> None:
        self.page, self.address, self.world = page, address, world
        self.problems: list[str] = []
        self.hosts: set[str] = set()
        page.on("console", lambda m: self.problems.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: self.problems.append(str(e)))
        page.on("request", lambda r: self.hosts.add(r.url.split("/")[2]))

    def open(self) -> Any:
        self.page.goto(self.address)
        return self.page.evaluate(OPEN)

    def call(self, operation: str, /, file: str | None = None, **args: Any) -> Any:
        self.told = self.page.evaluate(CALL, [operation, args, file])
        assert "error" not in self.told, self.told
        return self.told["result"]

    def refused(self, operation: str, /, **args: Any) -> str:
        self.told = self.page.evaluate(CALL, [operation, args, None])
        return str(self.told.get("error", f"it went through: {self.told}"))

    def enrol(self) -> str:
        prepared = self.call("enrol.prepare", password=PASSWORD)
        groups = prepared["groups"]
        answers = [groups[i].lower() for i in prepared["ask"]]
        assert self.call("code.confirm", answers=answers)["confirmed"]
        profile = {"organization_name": "Örnek", "contact_name": "Zeynep", "email": EMAIL,
                   "phone": "905301112233"}  # fmt: skip
        self.call("enrol.finish", profile=profile, documents=[], language="tr")
        return "-".join(groups)

    def contacts(self, count: int, first: int = 0, **args: Any) -> Any:
        lines = ["Telefon;Ad;Şehir"]
        for n in range(first, first + count):
            digits = f"{1_000_000 + n:07d}"
            lines.append(f"0530 {digits[:3]} {digits[3:5]} {digits[5:]};Kişi {n};İl {n % 81}")
        seen = self.call("import.inspect", file="\n".join(lines))
        return self.call("import.run", mapping=seen["mapping"], **args)

    def saved_list(self, count: int = 1_203) -> str:
        self.contacts(count)
        return str(self.call("lists.save", name="Bahar listesi", consent=CONSENT)["id"])

    def line(self) -> str:
        args = {"method": "token", "token": "EAAG", "waba_id": "1", "phone_number_id": "2"}
        return str(self.call("lines.connect", **args)["line"])

    def launch_args(self, line: str, list_id: str) -> dict[str, Any]:
        return {"title": "Bahar", "line": line, "kind": "marketing", "list": list_id,
                "template": TEMPLATE, "mapping": MAPPING, "due_at": None}  # fmt: skip
