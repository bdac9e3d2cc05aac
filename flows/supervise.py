"""Run a command that must not outlive the process that started it: `python -m flows.supervise COMMAND…`.

The parent keeps the write end of the supervisor's standard input. When that end closes, because the parent wants the
command to stop or because the parent was killed, the command's process group is interrupted as by Ctrl-C (a training
keeps its checkpoint, DVC its records), and killed if it is still running after `GRACE` seconds.
"""

import os
import signal
import subprocess
import sys
import threading
import time

GRACE = 20.0
PREFIX = (sys.executable, "-m", "flows.supervise")
"""What comes before a command to have it supervised; the process must be started as the leader of a new group."""


def _stop_when_stdin_closes() -> None:
    while os.read(0, 1):  # not sys.stdin, whose lock Python needs at its exit
        pass
    os.killpg(0, signal.SIGINT)
    time.sleep(GRACE)
    os.killpg(0, signal.SIGKILL)


def main() -> int:
    """Run the command given as arguments and return its exit status. Must lead a process group of its own."""
    # A handler, not SIG_IGN: a child would inherit that and could not be interrupted.
    signal.signal(signal.SIGINT, lambda *_: None)
    # Other descriptors stay open in the command: the lock on a GPU is one, and lasts as long as any process holds it.
    command = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, close_fds=False)
    threading.Thread(target=_stop_when_stdin_closes, daemon=True).start()
    return command.wait()


if __name__ == "__main__":
    sys.exit(main())
