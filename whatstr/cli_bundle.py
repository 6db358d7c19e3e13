"""`flask whatstr write-shells` and `bundle-hash`: what browsers run, written out and compared."""

from __future__ import annotations

import hashlib
import http.client
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import click
import flask
from flask.cli import AppGroup

from whatstr import __version__, bundle
from whatstr.vault.release import IDENT_MODULE, ident_module, identity_keys

_TIMEOUT = 30


def _shells() -> dict[str, str]:
    from whatstr.portal.pages import SHELLS

    return SHELLS


def register(group: AppGroup) -> None:
    group.add_command(write_shells)
    group.add_command(bundle_hash)


@click.command("write-shells")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@flask.cli.with_appcontext
def write_shells(folder: Path) -> None:
    """Write the panel's pages and static files into FOLDER, for a proxy to serve read-only."""
    try:
        made = bundle.write(flask.current_app, _shells(), folder)
    except FileExistsError:
        raise click.ClickException(f"{folder} is not empty: give a new folder") from None
    click.echo(f"{len(made.files)} files in {folder}, root hash {made.root}")


@click.command("bundle-hash")
@click.option("--list", "listed", is_flag=True, help="Print the sum of each file as well.")
@click.option("--check", "server", metavar="URL", help="Compare with what this server sends.")
@click.option(
    "--published",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=f"Compare with this {bundle.LIST} instead of this source tree.",
)
@click.option(
    "--ident",
    metavar="KEYS",
    help="With --check: the public identity of its sender, as the operator publishes it.",
)
@flask.cli.with_appcontext
def bundle_hash(
    *, listed: bool, server: str | None, published: Path | None, ident: str | None
) -> None:
    """Compute the root hash of what browsers run; with --check fetch every file from a server.

    The one file that each installation has of its own, its sender's identity, is compared with
    --ident. Exit status 1 when a single byte differs.
    """
    wanted = _wanted(published)
    if listed:
        click.echo(wanted.text(), nl=False)
    click.echo(f"WhatsTR {__version__}, {len(wanted.files)} files, root hash {wanted.root}")
    if server is None:
        return
    got = _fetched(server.rstrip("/"), wanted)
    for path in wanted.differences(got):
        click.echo(f"differs: {path}" if path in got.files else f"missing: {path}")
    click.echo(f"{server} sends root hash {got.root}")
    if got.root != wanted.root:
        raise click.ClickException("this server does not run what was published")
    click.echo("the same, byte for byte")
    _check_identity(server.rstrip("/"), ident)


def _check_identity(server: str, published: str | None) -> None:
    """Say whom browsers of this server believe, and compare that with what was `published`."""
    got = _sum_at(server, f"/release/{IDENT_MODULE}")
    if published is None:
        click.echo(f"its sender's identity: {got or 'none'} (give --ident to compare it)")
        return
    try:
        wanted = ident_module(identity_keys(published))
    except ValueError as error:
        raise click.ClickException(f"--ident: {error}") from None
    if got != hashlib.sha256(wanted.encode()).hexdigest():
        raise click.ClickException("this server names another sender than the published one")
    click.echo("its sender is the published one")


def _wanted(published: Path | None) -> bundle.Bundle:
    if published is None:
        return bundle.of_source(flask.current_app, _shells())
    try:
        return bundle.read(published.read_text())
    except ValueError as error:
        raise click.ClickException(f"{published}: {error}") from None


def _fetched(server: str, wanted: bundle.Bundle) -> bundle.Bundle:
    """What the server sends for every file; one that it does not send is left out."""
    if urllib.parse.urlsplit(server).scheme not in ("http", "https"):
        raise click.ClickException("give the server's address with http:// or https://")
    files = {}
    for path in sorted(wanted.files):
        found = _sum_at(server, urllib.parse.quote(bundle.address_of(path), safe="/?="))
        if found is not None:
            files[path] = found
    return bundle.Bundle(files)


def _sum_at(server: str, address: str) -> str | None:
    """SHA-256 of what a server, whose scheme was looked at, sends; None for a refusal."""
    try:
        with urllib.request.urlopen(server + address, timeout=_TIMEOUT) as answer:  # noqa: S310
            return hashlib.sha256(answer.read()).hexdigest()
    except urllib.error.HTTPError:
        return None
    except (OSError, http.client.HTTPException) as error:
        raise click.ClickException(f"{server} does not answer: {error}") from None
