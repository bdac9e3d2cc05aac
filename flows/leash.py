"""Run a command that must not outlive who started it: `python -m flows.leash COMMAND…`.

Whoever starts this keeps the other end of its standard input. When that end closes, because the starter wants the
command to stop or because the starter was killed, the command's process group is interrupted as by Ctrl-C (a training
keeps its checkpoint, DVC its records), and ended by force if it is still there after `GRACE` seconds.
"""

import os
import signal
import subprocess
import sys
import threading
import time

GRACE = 20.0
START = (sys.executable, "-m", "flows.leash")
"""What a command is put after to be on a leash; its process leads a group of its own."""


def _watch() -> None:
    while os.read(0, 1):  # not sys.stdin, whose lock Python wants back at its end
        pass
    os.killpg(0, signal.SIGINT)
    time.sleep(GRACE)
    os.killpg(0, signal.SIGKILL)


def main() -> int:
    """Run the command of the arguments and return its exit status. Must lead a process group of its own."""
    # A handler, not SIG_IGN: a child would inherit that and could not be interrupted.
    signal.signal(signal.SIGINT, lambda *_: None)
    # Other descriptors stay open in the command: a GPU's lease is one, and lasts as long as any process holds it.
    command = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, close_fds=False)
    threading.Thread(target=_watch, daemon=True).start()
    return command.wait()


if __name__ == "__main__":
    sys.exit(main())
