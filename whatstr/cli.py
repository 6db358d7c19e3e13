"""`flask whatstr …`: what the person who runs the service types."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click
import flask
from flask.cli import AppGroup

from whatstr import cli_bundle, cli_ring, settings_of
from whatstr.config import PROCESSES

group = AppGroup("whatstr", help="Run and look after WhatsTR.")


def init_app(app: flask.Flask) -> None:
    cli_bundle.register(group)
    group.add_command(cli_ring.group)
    app.cli.add_command(group)


@group.command()
@click.option("--once", is_flag=True, help="On free ports and a folder of its own, then stop.")
@click.option("--port", default=8000, show_default=True, help="First of seven ports.")
@click.option("--rows", default=1000, show_default=True, help="Recipients of the campaign.")
def demo(*, once: bool, port: int, rows: int) -> None:
    """Run everything on this machine and send one campaign."""
    from whatstr.local import demo as local_demo
    from whatstr.local.stack import default_data_dir

    if once:
        sys.exit(local_demo.run_once(rows=rows))
    folder = default_data_dir(settings_of())
    sys.exit(local_demo.run(data_dir=folder, first_port=port, rows=rows))


@group.command("demo-code")
@click.argument("email", required=False)
def demo_code(*, email: str | None) -> None:
    """Show the codes of the demo staff's authenticator apps, as their phones would now."""
    from whatstr.local import codes
    from whatstr.local.errors import LocalServiceError
    from whatstr.local.stack import default_data_dir

    try:
        found = codes.now(default_data_dir(settings_of()))
    except LocalServiceError as error:
        raise click.ClickException(str(error)) from None
    for person, code in found.items():
        if email in (None, person):
            click.echo(f"{code}  {person}" if email is None else code)


@group.command()
@click.argument("role", type=click.Choice(sorted(PROCESSES)))
def run(role: str) -> None:
    """Run one process role in the foreground, with the settings of this environment."""
    os.execv(sys.executable, [sys.executable, "-m", "whatstr.process", role])  # noqa: S606


@group.command("create-staff")
@click.argument("email")
@click.option("--name", required=True)
@click.option("--role", "roles", multiple=True, required=True, help="May be given several times.")
@click.password_option(help="At least 14 characters.")
def create_staff(*, email: str, name: str, roles: tuple[str, ...], password: str) -> None:
    """Add a member of staff."""
    from whatstr.accounts import staff
    from whatstr.accounts.models import StaffRole
    from whatstr.audit.services import SYSTEM
    from whatstr.core.db import transaction
    from whatstr.core.errors import DomainError

    try:
        with transaction():
            staff.create_staff(
                actor=SYSTEM,
                email=email,
                name=name,
                roles=[StaffRole(role) for role in roles],
                password=password,
            )
    except (DomainError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    click.echo("The second factor is set up at the first sign-in.")
    click.echo(f"{email} may sign in at {settings_of()['WHATSTR_ADMIN_URL']}")


@group.command("verify-audit")
@click.option("--head", "heads", multiple=True, help="NUMBER:HASH of a head that was kept.")
def verify_audit(*, heads: tuple[str, ...]) -> None:
    """Walk the audit trail and prove its chain of hashes.

    Heads come from the daily log (audit.head) or the owners' e-mail: only they show a trail that
    was cut at its end or written anew.
    """
    from whatstr.audit.queries import check_chain

    kept: dict[int, str] = {}
    for one in heads:
        number, _, digest = one.partition(":")
        if not number.isdecimal() or len(digest) < 32:
            raise click.ClickException(f"{one!r} is no head; write NUMBER:HASH")
        kept[int(number)] = digest
    found = check_chain(heads=kept)
    if found.broken_at is not None:
        raise click.ClickException(f"the chain is broken at event {found.broken_at}")
    click.echo(f"{found.events} events, unbroken; head {found.seq}:{found.head.hex()}")


@group.command("release-instance")
@click.option("--join", is_flag=True, help="Let one more sender host send; the others go on.")
@click.confirmation_option(
    prompt="Does no other copy of this database send? Campaigns under way are held. Go on?"
)
def release_instance(*, join: bool) -> None:
    """Let this sender host send from this database, for instance after a restore."""
    from whatstr.core.db import transaction
    from whatstr.sending import instance

    with transaction():
        held = None if join else instance.release()
        if join:
            instance.join()
    told = "this host has joined" if join else f"released; {held} campaigns are held and ask"
    click.echo(told)


@group.command()
def doctor() -> None:
    """Check every setting and dependency, and say how to mend each."""
    from whatstr import doctor as checks

    findings = checks.examine(settings_of())
    for finding in findings:
        click.echo(f"{'ok  ' if finding.fine else 'BAD '} {finding.what}: {finding.words}")
    sys.exit(0 if all(finding.fine for finding in findings) else 1)


@group.command("write-release")
@click.argument("folder", type=click.Path(path_type=Path))
def write_release(folder: Path) -> None:
    """Write what browsers must know of this installation into FOLDER, to be served read-only."""
    from whatstr.config import ConfigError
    from whatstr.vault import release

    try:
        path = release.write_release(folder, ident=settings_of()["WHATSTR_IDENT_PUBLIC"])
    except (ConfigError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(str(path))


@group.group()
def keys() -> None:
    """Make keys for a new installation."""


@keys.command("staff-ring")
def staff_ring() -> None:
    """Print a new WHATSTR_STAFF_RING."""
    from whatstr.core.crypto import Ring

    click.echo(Ring.generate())


@keys.command("sender")
@click.argument("path", type=click.Path(path_type=Path))
def sender_keyring(path: Path) -> None:
    """Write a new keyring of the sender and print WHATSTR_IDENT_PUBLIC."""
    import base64

    from whatstr.core.errors import DomainError
    from whatstr.sending.keyring import Keyring

    try:
        ring = Keyring.create(path)
    except DomainError as error:
        raise click.ClickException(f"{path}: {error}") from None
    click.echo(base64.b64encode(ring.ident_public).decode())


@keys.command("rotate-ck")
def rotate_ck() -> None:
    """Box every line connection under a new key (as the role sender, while it runs)."""
    from whatstr.sending import roots

    click.echo(f"{roots.rotate_ck()} connections")


@keys.command("rotate-ik")
@click.confirmation_option(prompt="Every customer sends nothing until its browser was open. Go on?")
def rotate_ik() -> None:
    """Give every index another root (as the role sender): on suspicion only."""
    from whatstr.sending import roots

    click.echo(f"{roots.rotate_ik()} organizations are held until their browser was open")


@keys.command("reindex")
def reindex() -> None:
    """Finish rotate-ik after a crash, or begin again after the keyring was lost."""
    from whatstr.sending import roots

    click.echo(f"{roots.reindex()} organizations are held until their browser was open")


@keys.command("desk")
def desk_key() -> None:
    """Print a new WHATSTR_DESK_KEY and its WHATSTR_DESK_PUBLIC."""
    import base64

    from nacl.public import PrivateKey

    key = PrivateKey.generate()
    click.echo(f"WHATSTR_DESK_KEY={base64.b64encode(bytes(key)).decode()}")
    click.echo(f"WHATSTR_DESK_PUBLIC={base64.b64encode(bytes(key.public_key)).decode()}")
