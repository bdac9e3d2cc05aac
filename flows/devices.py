"""GPU slots: each device is leased to one process at a time, by all flows of a host together.

A lease is an exclusive lock on a file that stands for the device. The system drops it when the last process that
holds it has ended, however it ended: no lease outlives its holder, and none has to be cleaned up.
"""

import fcntl
import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LEASES = Path(tempfile.gettempdir()) / "gatehouse-devices"
NONE = "-1"
"""What `CUDA_VISIBLE_DEVICES` says to hide every device."""


def found() -> list[str]:
    """The GPUs of this host as their driver names them (UUIDs), or those of them that `CUDA_VISIBLE_DEVICES` leaves."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [name.strip() for name in visible.split(",") if name.strip() not in ("", NONE)]
    try:
        listed = subprocess.run(
            ["nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader"], capture_output=True, text=True, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [] if listed.returncode else [line.strip() for line in listed.stdout.splitlines() if line.strip()]


@dataclass(frozen=True)
class Lease:
    """A device and the open file that keeps it. A child that inherits `descriptor` keeps the lease alive, too."""

    device: str
    descriptor: int

    def release(self) -> None:
        """Give this process's hold back."""
        os.close(self.descriptor)


def lease(devices: Sequence[str]) -> Lease | None:
    """Lease the first of `devices` that nobody on this host holds; None when all are taken."""
    LEASES.mkdir(mode=0o1777, exist_ok=True)
    for device in devices:
        # Any user of the host may hold it next.
        descriptor = os.open(LEASES / f"{device.replace(os.sep, '-')}.lock", os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
        else:
            return Lease(device, descriptor)
    return None
