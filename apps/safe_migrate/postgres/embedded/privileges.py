"""A launcher run as a script: become another user, leave the caller's session, exec a program.

PostgreSQL refuses to run as root, yet a clone often lies in a folder that only root may enter.
So one capability, reading and entering any folder, is kept over the change of user: nothing
outside our folder is chmod'ed and no user is created. A script of its own because doing this
between fork and exec of a program with threads is not safe. Standard library only.
"""

import os
import sys

CAP_DAC_OVERRIDE = 1
PR_SET_SECUREBITS = 28
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
SECBIT_NO_SETUID_FIXUP = 1 << 2
LINUX_CAPABILITY_VERSION_3 = 0x20080522


def become(uid: int, gid: int) -> None:
    """Give up root for this user, keeping the right to pass any folder where that is allowed.

    Raises OSError where the change of user itself is refused (a container without CAP_SETUID).
    """
    from ctypes import CDLL, c_uint32

    libc = CDLL(None, use_errno=True)
    linux = sys.platform == "linux"
    # Without this bit access(2), by which PostgreSQL looks for its own files, ignores the
    # capabilities of a user who is not root; it also keeps them over setuid.
    kept = linux and libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) == 0
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if kept:
        mask = 1 << CAP_DAC_OVERRIDE
        header = (c_uint32 * 2)(LINUX_CAPABILITY_VERSION_3, 0)
        only = (c_uint32 * 6)(mask, mask, mask, 0, 0, 0)
        if libc.capset(header, only) != 0:
            libc.capset(header, (c_uint32 * 6)())
        libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


def main(arguments: list[str]) -> None:
    """`UID GID detach|wait PROGRAM ARGUMENT…`; a UID of -1 stays the caller's."""
    uid, gid, mode, program = int(arguments[0]), int(arguments[1]), arguments[2], arguments[3:]
    if mode == "detach":
        if os.fork():
            os._exit(0)
        os.setsid()
    try:
        if uid >= 0:
            become(uid, gid)
        os.execv(program[0], program)  # noqa: S606
    except OSError as error:
        sys.exit(f"cannot run {program[0]} as user {os.geteuid()}: {error.strerror}")


if __name__ == "__main__":
    main(sys.argv[1:])
