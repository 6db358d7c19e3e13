"""The vendored parsers are the published files, with version and licence."""

from __future__ import annotations

import hashlib
import re

import pytest

from tests.contacts.conftest import STATIC

VENDOR = STATIC / "vendor"
FILES = {
    "papaparse": "papaparse.mjs",
    "libphonenumber-js": "libphonenumber-max.mjs",
    "fflate": "fflate.mjs",
    "saxen": "saxen.mjs",
}
SOURCE_MAPS = {"libphonenumber-js": "libphonenumber-max.js.map", "saxen": "index.js.map"}
LAST_LINE = "export default module.exports;"


@pytest.mark.parametrize("name", FILES)
def test_version_and_licence_stand_beside_the_file(name: str) -> None:
    folder = VENDOR / name
    said = (folder / "VERSION").read_text("utf-8")
    assert re.match(rf"{name} \d+\.\d+\.\d+ \(", said)
    assert (folder / "LICENSE").is_file()
    others = {p.name for p in folder.iterdir()} - {"VERSION", "LICENSE", "LICENSE.Apache"}
    assert others == {FILES[name]}


@pytest.mark.parametrize("name", FILES)
def test_the_file_is_the_published_one(name: str) -> None:
    folder = VENDOR / name
    published = re.search(r"sha256 ([0-9a-f]{64})", (folder / "VERSION").read_text("utf-8"))
    assert published
    text = (folder / FILES[name]).read_text("utf-8")
    lines = text.split("\n")
    if lines[0].startswith("// The published UMD file"):
        text = "\n".join(lines[2 : lines.index(LAST_LINE)])
    # Only the comment that names a source map may be missing from the end.
    bare = text.rstrip("\n")
    mapped = f"{bare}\n//# sourceMappingURL={SOURCE_MAPS.get(name)}"
    ends = (bare, f"{bare}\n", mapped, f"{mapped}\n")
    assert published[1] in {hashlib.sha256(end.encode()).hexdigest() for end in ends}


@pytest.mark.parametrize("name", FILES)
def test_nothing_is_evaluated_at_run_time(name: str) -> None:
    text = (VENDOR / name / FILES[name]).read_text("utf-8")
    assert not re.search(r"\beval\s*\(|new Function\s*\(", text)
