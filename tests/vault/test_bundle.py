"""What browsers run can be listed, written out, fetched and compared, byte for byte."""

from __future__ import annotations

import hashlib
import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import flask
import pytest
from click.testing import Result
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from tests.apps import IDENT_PUBLIC, ApiClient, b64, role_app
from tests.services import ROOT, ModuleDatabase, tidy
from whatstr import bundle
from whatstr.core import static_files
from whatstr.core.security import PANEL_CSP
from whatstr.local.valkey import EmbeddedValkey
from whatstr.portal.pages import SHELLS
from whatstr.vault.release import write_release


@pytest.fixture(scope="module")
def web(
    database: ModuleDatabase,
    valkey_server: EmbeddedValkey,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[flask.Flask]:
    release = tmp_path_factory.mktemp("release")
    write_release(release, ident=b64(IDENT_PUBLIC))
    with role_app("web", database, valkey_server, WHATSTR_RELEASE=str(release)) as app:
        yield app


@pytest.fixture(scope="module")
def tool(database: ModuleDatabase) -> Iterator[flask.Flask]:
    with role_app("tool", database, None) as app:
        yield app


@pytest.fixture
def served(web: flask.Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, tidy(web), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def run(tool: flask.Flask, *words: str) -> Result:
    return tool.test_cli_runner().invoke(args=["whatstr", *words])


def test_shells_hold_nothing_of_a_request_and_are_what_the_server_shows(
    web: flask.Flask, tool: flask.Flask
) -> None:
    """Two callers, with and without a session, get the bytes that the command writes."""
    written = dict(bundle.contents(tool, SHELLS))
    signed_in = ApiClient(web)
    signed_in.browser.set_cookie("wtr_s", "x" * 43)
    for path, data in written.items():
        if path.startswith("shells/"):
            for browser in (web.test_client(), signed_in.browser):
                assert browser.get(bundle.address_of(path)).data == data, path
    assert len([path for path in written if path.startswith("shells/")]) == 2 * len(SHELLS)


def test_the_list_is_reproducible_and_sha256sum_reads_it(tool: flask.Flask, tmp_path: Path) -> None:
    target = tmp_path / "release"
    done = run(tool, "write-shells", str(target))
    assert done.exit_code == 0, done.output
    text = (target / bundle.LIST).read_text()
    assert bundle.of_source(tool, SHELLS).text() == text
    assert hashlib.sha256(text.encode()).hexdigest() in done.output
    assert bundle.read(text).text() == text
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", bundle.LIST], cwd=target, check=False
    )
    assert checked.returncode == 0
    files = {p.relative_to(target).as_posix() for p in target.rglob("*") if p.is_file()}
    assert files == {*bundle.read(text).files, bundle.LIST}
    assert run(tool, "write-shells", str(target)).exit_code == 1  # never into what is there


def test_a_running_server_is_compared_file_by_file(
    tool: flask.Flask, web: flask.Flask, served: str
) -> None:
    done = run(tool, "bundle-hash", "--check", served)
    assert done.exit_code == 0, done.output
    assert "the same, byte for byte" in done.output

    def alter(response: flask.Response) -> flask.Response:
        if flask.request.path.endswith("vault/worker.mjs"):
            response.direct_passthrough = False
            response.data = response.data + b"\n// one line more"
        if flask.request.path.endswith("vault/keys.mjs"):
            # An empty answer: the client leaves without reading what comes with a 404.
            response.close()
            return flask.Response(status=404)
        return response

    web.after_request_funcs[None].append(alter)
    try:
        done = run(tool, "bundle-hash", "--check", served)
    finally:
        web.after_request_funcs[None].remove(alter)
    assert done.exit_code == 1
    inside = static_files.address().removeprefix("/")
    assert f"differs: {inside}/js/vault/worker.mjs" in done.output
    assert f"missing: {inside}/js/vault/keys.mjs" in done.output
    assert done.output.count("differs:") == 1


def test_the_senders_identity_is_compared_with_what_its_operator_publishes(
    tool: flask.Flask, served: str
) -> None:
    """The one file that no release has: whoever changes it reads what is sent from then on."""
    own, other = b64(IDENT_PUBLIC), b64(bytes(32))
    said = run(tool, "bundle-hash", "--check", served)
    assert said.exit_code == 0 and "its sender's identity: " in said.output
    same = run(tool, "bundle-hash", "--check", served, "--ident", own)
    assert same.exit_code == 0 and "its sender is the published one" in same.output
    for keys, words in (
        (other, "names another sender"),
        (f"{own},{other}", "names another sender"),
        ("no key", "Error: --ident: "),
    ):
        done = run(tool, "bundle-hash", "--check", served, "--ident", keys)
        assert done.exit_code == 1 and words in done.output


def test_what_is_not_a_list_or_a_server_is_one_sentence(tool: flask.Flask, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("no list\n")
    for words in (
        ["--published", str(wrong)],
        ["--check", "ftp://x"],
        ["--check", "http://127.0.0.1:1"],
    ):
        done = run(tool, "bundle-hash", *words)
        assert done.exit_code == 1 and done.output.splitlines()[-1].startswith("Error: ")


def test_the_sample_of_a_proxy_is_true() -> None:
    """The pages and the policy of docs/operations.md are those of the code."""
    text = (ROOT / "docs" / "operations.md").read_text()
    pages = re.search(r"location ~ \^/\(([^)]+)\)\$", text)
    assert pages is not None
    assert {f"/{page}" for page in pages[1].split("|")} == set(SHELLS)
    assert f'Content-Security-Policy "{PANEL_CSP}"' in text


@pytest.mark.browser
def test_the_page_computes_the_sums_itself(page: Page, web: flask.Flask, served: str) -> None:
    page.goto(f"{served}/surum?lang=tr")
    expect(page.get_by_text("yayımladığı listeyle aynı").first).to_be_visible(timeout=30_000)
    root = bundle.of_source(web, SHELLS).root
    expect(page.locator("[data-root=computed]")).to_have_text(root)
    expect(page.locator("[data-root=published]")).to_have_text(root)
    expect(page.locator("[data-root=identity]")).to_have_text(b64(IDENT_PUBLIC))
    expect(page.locator("details tbody tr").first).to_be_hidden()
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 900})
        over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(over) == 0
    page.locator("[name=root]").fill(f" {root.upper()} ")
    page.get_by_role("button", name="Karşılaştır").click()
    expect(page.locator("form .notice")).to_have_text("Aynı")

    page.route(
        "**/js/vault/keys.mjs",
        lambda route: route.fulfill(body="// not ours", content_type="text/javascript"),
    )
    page.goto(f"{served}/surum?lang=en")
    expect(page.get_by_text("are not those of the published list")).to_be_visible(timeout=30_000)
    assert page.locator("[data-root=computed]").inner_text() != root
    expect(page.locator("details tbody tr").first).to_contain_text("js/vault/keys.mjs")
    expect(page.locator("details tbody tr").first).to_contain_text("differs")
    assert page.evaluate(over) == 0  # still at 360 px, in the longer language
