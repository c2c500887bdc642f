"""First steps of a child process, run as a script between fork and the real program.

In: `launch.py PARENT UID GID PROGRAM ARGUMENT…`. Out: this very process becomes PROGRAM, under the given user and, on
Linux, killed by the kernel the moment PARENT dies. Must never import anything of ours: it runs with `python -I -S`.
A script instead of a `preexec_fn`, because Python code between fork and exec can deadlock beside other threads.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Become the program in `arguments`; raises OSError or SystemExit with a reason if that is not possible."""
    parent, user, group = (int(number) for number in arguments[:3])
    program = arguments[3:]
    if user >= 0:
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)
    # After the change of user: the kernel forgets the death signal when credentials change.
    # macOS and others have no such call; there, children outlive a parent that was killed with -9.
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
        # The parent may have died before the call above; then nobody would ever send the signal.
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
    try:
        os.execvp(program[0], program)  # noqa: S606 - no shell is wanted
    except OSError as error:
        raise SystemExit(f"cannot run {program[0]}: {error.strerror}") from None


if __name__ == "__main__":
    main(sys.argv[1:])
