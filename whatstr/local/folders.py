"""Private folders of the local services, and a place for their sockets."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from pathlib import Path

from whatstr.local.processes import Account

# sun_path holds 108 bytes (unix(7)); the file name inside the folder needs some of them.
_LONGEST_SOCKET_FOLDER = 80


def make_private(folder: Path, *, account: Account | None = None) -> Path:
    """The folder, made if need be, mode 0700 and owned by the account (else by this process)."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    if account is not None:
        os.chown(folder, account.uid, account.gid)
    return folder


def socket_folder(wanted: Path, *, account: Account | None = None) -> Path:
    """A private folder for sockets: `wanted`, or a short temporary one when its path is too long.

    The temporary one is remembered as a symbolic link at `wanted`, so that the next start uses it
    again instead of leaving one behind each time.
    """
    if len(os.fsencode(wanted)) <= _LONGEST_SOCKET_FOLDER:
        return make_private(wanted, account=account)
    owner = os.getuid() if account is None else account.uid
    if wanted.is_symlink():
        target = wanted.readlink()
        if _is_own_folder(target, owner=owner):
            return target
        wanted.unlink()
    target = make_private(Path(tempfile.mkdtemp(prefix="whatstr-")), account=account)
    wanted.symlink_to(target)
    return target


def drop_socket_folder(wanted: Path) -> None:
    """Remove what socket_folder() made; nothing when it is gone already."""
    if wanted.is_symlink():
        shutil.rmtree(wanted.readlink(), ignore_errors=True)
        wanted.unlink()
    else:
        shutil.rmtree(wanted, ignore_errors=True)


def others_can_reach(folder: Path) -> bool:
    """Whether every folder on the way to this one, itself included, may be entered by anybody."""
    return all(part.stat().st_mode & stat.S_IXOTH for part in (folder, *folder.parents))


def _is_own_folder(folder: Path, *, owner: int) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == owner and found.st_mode & 0o077 == 0
