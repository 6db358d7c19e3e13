"""The stand-in's accounts, records and contact lists."""

from __future__ import annotations

from typing import Any

from tests.vault.fake_door import Door, route
from tests.vault.fake_world import NOW, Refuse
from whatstr.vault import wire


class Accounts(Door):
    """Sign-up, sign-in, password, recovery."""

    @route("GET", "config")
    def config(self) -> Any:
        documents = [{"document": "terms", "version": "1", "url": "/kosullar"}]
        return {
            "ident": [wire.b64(self.world.ident[0])],
            "documents": documents,
            "statement_version": "1",
            "limits": {},
        }

    @route("GET", "sender-cert")
    def sender_cert(self) -> Any:
        return {"kid": 9, "cert": wire.b64(self.world.certificate())}

    @route("POST", "enrol")
    def enrol(self) -> Any:
        email = self.args["profile"]["email"]
        if email in self.world.members:
            raise Refuse(409, "email_taken", field="email")
        member = {**self.args, "role": "owner", "email": email}
        self.world.members[email] = member
        said = {key: member[key] for key in ("organization", "member")}
        return 201, {**said, "customer_no": "100001", "half": self.start(member)}

    @route("POST", "prelogin")
    def prelogin(self) -> Any:
        member = self.world.members.get(self.args["email"])
        salt = member["salt"] if member else wire.b64(bytes(16))
        kdf = member["kdf"] if member else '{"alg":"argon2id13","t":3,"m":65536}'
        return {"kdf": self.world.kdf or kdf, "salt": salt}

    def said(self, member: dict[str, Any]) -> dict[str, Any]:
        names = (
            "organization", "member", "role", "key_version", "kdf", "salt", "wrap_pw",
            "wrap_org", "language",
        )  # fmt: skip
        found = {name: member[name] for name in names}
        return found | {"next_keys": [], "half": self.start(member)}

    @route("POST", "login")
    def login(self) -> Any:
        member = self.world.members.get(self.args["email"])
        if not member or member["auth"] != self.args["auth"]:
            raise Refuse(401, "wrong_credentials")
        return self.said(member)

    @route("GET", "half")
    def half(self) -> Any:
        names = ("half", "organization", "member", "key_version", "wrap_org", "role")
        return {name: self.me[name] for name in names} | {"next_keys": []}

    @route("POST", "logout")
    def logout(self) -> Any:
        self.world.sessions.clear()
        return 204, None

    @route("POST", "password")
    def password(self) -> Any:
        member = self.world.members[self.me["email"]]
        if member["auth"] != self.args.pop("old_auth"):
            raise Refuse(422, "wrong_password")
        member.update(self.args)
        return 204, None

    def recovering(self) -> dict[str, Any]:
        for member in self.world.members.values():
            right = (member["rauth"], f"{member['member']}.secret")
            if (self.args["rauth"], self.args["token"]) == right:
                return member
        raise Refuse(401, "wrong_recovery")

    @route("POST", "recovery/open")
    def recovery_open(self) -> Any:
        member = self.recovering()
        names = ("organization", "member", "key_version", "wrap_rec", "wrap_org")
        return {name: member[name] for name in names}

    @route("POST", "recovery/finish")
    def recovery_finish(self) -> Any:
        member = self.recovering()
        member.update(self.args)
        member["rauth"] = self.args["new_rauth"]
        return self.said(member)


class Stored(Door):
    """Records and lists, as sealed as they come."""

    @route("GET", "records")
    def get_records(self) -> Any:
        wanted = (self.organization, self.args["type"])
        found = [r for r in self.world.records.values() if (r["_o"], r["type"]) == wanted]
        return {"records": [{**r, "updated_at": NOW} for r in found]}

    @route("PUT", r"records/(\w+)")
    def put_record(self, name: str) -> Any:
        key = f"{self.args['type']}/{name}"
        stored = self.world.records.get(key, {"version": 0})["version"]
        if self.args["version"] != stored + 1:
            raise Refuse(409, "conflict", version=stored)
        self.world.records[key] = {**self.args, "id": name, "_o": self.organization}
        return {"id": name, "version": self.args["version"]}

    @route("DELETE", r"records/(\w+)")
    def delete_record(self, name: str) -> Any:
        for key in [key for key in self.world.records if key.endswith(name)]:
            del self.world.records[key]
        return 204, None

    @route("GET", "lists")
    def get_lists(self) -> Any:
        owner = self.organization
        mine = [one for one in self.world.lists.values() if one["_o"] == owner]
        return {
            "lists": [
                {k: v for k, v in one.items() if k != "parts"} | {"chunks": len(one["parts"])}
                for one in mine
            ]
        }

    @route("POST", "lists")
    def post_list(self) -> Any:
        name = self.args["id"]
        self.world.lists.setdefault(
            name,
            {
                "id": name, "state": "uploading", "wrap": self.args["wrap"], "manifest": None,
                "manifest_version": 0, "rows": 0, "created_at": NOW, "updated_at": NOW,
                "consent": None, "parts": {}, "_o": self.organization,
            },
        )  # fmt: skip
        return 201, {"id": name, "state": "uploading"}

    @route("GET", r"lists/(\w+)/chunks")
    def list_chunks(self, name: str) -> Any:
        parts = self.world.lists[name]["parts"]
        return {"chunks": [[no, version, len(data)] for (no, version), data in parts.items()]}

    @route("PUT", r"lists/(\w+)/chunks/(\d+)")
    def put_list_chunk(self, name: str, no: str) -> Any:
        version = int(self.path.split("version=")[1])
        self.world.puts.append(f"list {no}")
        self.world.lists[name]["parts"][int(no), version] = self.raw
        return 204, None

    @route("GET", r"lists/(\w+)/chunks/(\d+)")
    def get_list_chunk(self, name: str, no: str) -> Any:
        found = self.world.lists[name]["parts"].get((int(no), int(self.args["version"])))
        if found is None:
            raise Refuse(404, "not_found")
        return found

    @route("PUT", r"lists/(\w+)/manifest")
    def put_manifest(self, name: str) -> Any:
        stored = self.world.lists[name]
        if self.args["version"] != stored["manifest_version"] + 1:
            raise Refuse(409, "conflict", version=stored["manifest_version"])
        missing = [n for n, v in self.args["chunks"] if (n, v) not in stored["parts"]]
        if missing:
            raise Refuse(422, "chunks_missing", missing=missing)
        stored.update(
            manifest=self.args["manifest"], manifest_version=self.args["version"], state="ready",
            rows=self.args["rows"], consent=self.args["consent"],
        )  # fmt: skip
        return {"id": name, "version": self.args["version"]}

    @route("DELETE", r"lists/(\w+)")
    def delete_list(self, name: str) -> Any:
        del self.world.lists[name]
        return 204, None
