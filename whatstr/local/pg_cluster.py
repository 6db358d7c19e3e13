"""Making PostgreSQL's data folder, and refusing one that another major version made."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from whatstr.local.errors import LocalServiceError, shown
from whatstr.local.folders import make_private
from whatstr.local.processes import Account

SUPERUSER = "postgres"
# No PG* variable and no locale of the caller may change how the server is made or run.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def open_cluster(
    home: Path,
    *,
    programs: Path,
    account: Account | None,
    password: Callable[[str], str],
    durable: bool,
) -> Path:
    """The data folder in `home`, made when there is none.

    `password(role)` makes and stores the superuser's password when it is needed. Raises
    LocalServiceError when initdb fails or another major version made the folder.
    """
    cluster = home / "cluster"
    if not cluster.is_dir():
        # Made beside and renamed when complete: a start that is cut off leaves no half.
        partial = home / "cluster.partial"
        shutil.rmtree(partial, ignore_errors=True)
        make_private(partial, account=account)
        _run_initdb(partial, programs, account, password(SUPERUSER), durable=durable)
        partial.rename(cluster)
    _refuse_other_version(cluster, programs)
    return cluster


def _run_initdb(
    cluster: Path, programs: Path, account: Account | None, password: str, *, durable: bool
) -> None:
    password_file = cluster.parent / "initdb-password"
    password_file.unlink(missing_ok=True)
    handle = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(password)
    if account is not None:
        os.chown(password_file, account.uid, account.gid)
    options = [
        f"--pgdata={cluster}",
        f"--username={SUPERUSER}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        # Unicode's own case mapping, sorted by code point, the same on any host (PostgreSQL 17).
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--no-instructions",
        *([] if durable else ["--no-sync"]),
    ]
    try:
        done = subprocess.run(
            [str(programs / "initdb"), *options],
            cwd=cluster.parent,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            user=None if account is None else account.uid,
            group=None if account is None else account.gid,
            extra_groups=None if account is None else [],
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise LocalServiceError(f"PostgreSQL's initdb could not be run: {error}.") from None
    finally:
        password_file.unlink()
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise LocalServiceError(f"PostgreSQL's data folder could not be made: {reason}")


def _refuse_other_version(cluster: Path, programs: Path) -> None:
    made_by = (cluster / "PG_VERSION").read_text().strip()
    answer = subprocess.run(
        [str(programs / "postgres"), "--version"],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    version = answer.stdout.split()[2]
    if version.split(".")[0] != made_by:
        raise LocalServiceError(
            f"The data in {shown(cluster)} was made by PostgreSQL {made_by} and this is {version}; "
            "choose another data folder, or delete that one to begin anew."
        )
