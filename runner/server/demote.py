"""Becoming somebody else: PostgreSQL refuses to run as root, so under root its programs run as another user."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.errors import NoUser

if TYPE_CHECKING:
    import pwd
    from collections.abc import Callable
    from pathlib import Path

# <linux/prctl.h>, <linux/capability.h>, <linux/securebits.h>
_SET_DEATH_SIGNAL, _SET_SECURE_BITS, _AMBIENT, _RAISE = 1, 28, 47, 2
_NO_SETUID_FIXUP = 1 << 2
_READ_SEARCH = 2
_CAPABILITY_VERSION_3 = 0x20080522


@dataclass(frozen=True, slots=True)
class Identity:
    """Who runs the server's programs; `user` None means whoever runs the command."""

    user: pwd.struct_passwd | None
    reads_everywhere: bool = False


def choose_identity(data: Path, *programs: Path) -> Identity:
    """The identity for a data folder: its owner if it is there, else `postgres`, else `nobody`; none if not root.

    No user is ever made and no folder's mode is ever changed. Where the user could not pass a folder on the way
    (a clone below a private folder), the server keeps one capability of root: to read and search, CAP_DAC_READ_SEARCH.
    """
    if os.geteuid() != 0:
        return Identity(None)
    import pwd

    names: list[str | int] = (
        [data.stat().st_uid] if data.exists() and data.stat().st_uid != 0 else ["postgres", "nobody"]
    )
    for name in names:
        try:
            user = pwd.getpwuid(name) if isinstance(name, int) else pwd.getpwnam(name)
        except KeyError:
            continue
        return Identity(user, not all(_open_to_all(path) for path in (data, *programs)))
    raise NoUser(
        "PostgreSQL refuses to run as root, and there is no user postgres or nobody",
        hint="Run the command as an ordinary user, or name a server with --database-url.",
    )


def _open_to_all(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in path.absolute().parents)


def preparation(identity: Identity, *, dies_with_parent: bool) -> Callable[[], None]:
    """What a child process runs between fork and exec: take the identity on, and ask to be stopped with its parent."""
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def prepare() -> None:
        if identity.user:
            if libc and identity.reads_everywhere:
                _keep_over_setuid(libc)
            os.initgroups(identity.user.pw_name, identity.user.pw_gid)
            os.setgid(identity.user.pw_gid)
            os.setuid(identity.user.pw_uid)
            if libc and identity.reads_everywhere:
                _keep_read_search(libc)
        if libc and dies_with_parent:  # after setuid, which forgets it
            libc.prctl(_SET_DEATH_SIGNAL, signal.SIGINT, 0, 0, 0)

    return prepare


def _keep_over_setuid(libc: ctypes.CDLL) -> None:
    """Lets capabilities survive setuid, and count for access(2), by which initdb looks for postgres."""
    if libc.prctl(_SET_SECURE_BITS, _NO_SETUID_FIXUP, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "capabilities could not be kept")


def _keep_read_search(libc: ctypes.CDLL) -> None:
    capability = 1 << _READ_SEARCH
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)(capability, capability, capability, 0, 0, 0)
    if libc.capset(header, sets) or libc.prctl(_AMBIENT, _RAISE, _READ_SEARCH, 0, 0):
        raise OSError(ctypes.get_errno(), "the capability to read everywhere could not be kept")
