"""What browsers run of us, as one list of SHA-256 sums and one root hash.

The list has the form of `sha256sum`: a line `<64 hex digits>  <path>` for each file, sorted by
path; the root hash is the SHA-256 of that text. `static/<version>/…` are the static files,
`shells/<language><address>.html` the pages of the panel, which hold no customer data. The same
source gives the same list on every machine (vault design, sections 18 and 19).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import flask

from whatstr.core import static_files
from whatstr.core.i18n import LANGUAGES

LIST = "SHA256SUMS"


@dataclass(frozen=True)
class Bundle:
    """Path → SHA-256 in hex of each file."""

    files: Mapping[str, str]

    def text(self) -> str:
        """The list as `sha256sum` writes and reads it."""
        return "".join(f"{self.files[path]}  {path}\n" for path in sorted(self.files))

    @property
    def root(self) -> str:
        """The one hash that stands for all files."""
        return hashlib.sha256(self.text().encode()).hexdigest()

    def differences(self, other: Bundle) -> list[str]:
        """Paths that are not the same in both, sorted."""
        every = {*self.files, *other.files}
        return sorted(p for p in every if self.files.get(p) != other.files.get(p))


def read(text: str) -> Bundle:
    """A list written by `text()`; ValueError for anything else."""
    files = {}
    for line in text.splitlines():
        digest, gap, path = line.partition("  ")
        if not gap or len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise ValueError("not a list of SHA-256 sums")
        files[path] = digest
    return Bundle(files)


def contents(app: flask.Flask, shells: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """(path, bytes) of every file. `shells` maps a page's address to its template."""
    inside = static_files.address().removeprefix("/")
    for path in static_files.files():
        yield f"{inside}/{path}", (static_files.STATIC / path).read_bytes()
    for address, template in shells.items():
        for language in LANGUAGES:
            # A context of its own: the language is kept in the one around it.
            asked = app.test_request_context(address, query_string={"lang": language})
            with app.app_context(), asked:
                page = flask.render_template(f"portal/{template}.html")
            yield f"shells/{language}{address}.html", page.encode()


def of_source(app: flask.Flask, shells: Mapping[str, str]) -> Bundle:
    """The bundle of this source tree."""
    return Bundle({p: hashlib.sha256(data).hexdigest() for p, data in contents(app, shells)})


def address_of(path: str) -> str:
    """Where a running server shows the file."""
    kind, _, rest = path.partition("/")
    if kind != "shells":
        return f"/{path}"
    language, _, page = rest.partition("/")
    return f"/{page.removesuffix('.html')}?lang={language}"


def write(app: flask.Flask, shells: Mapping[str, str], folder: Path) -> Bundle:
    """Write every file and the list into an empty or new folder, for a proxy to serve read-only.
    FileExistsError when there is something in it."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(folder)
    sums = {}
    for path, data in contents(app, shells):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        target.chmod(0o444)
        sums[path] = hashlib.sha256(data).hexdigest()
    bundle = Bundle(sums)
    (folder / LIST).write_text(bundle.text())
    return bundle
