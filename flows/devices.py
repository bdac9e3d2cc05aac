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
from itertools import takewhile
from pathlib import Path

from pipelines.errors import UsageError

LEASES = Path(tempfile.gettempdir()) / "gatehouse-devices"
NONE = "-1"
"""What `CUDA_VISIBLE_DEVICES` says to hide every device."""


def found(wanted: Sequence[str] | None = None) -> list[str]:
    """The GPUs `wanted` (default: those that `CUDA_VISIBLE_DEVICES` leaves, or all) as their driver names them: by UUID.

    A device has one name here whatever name it is asked for by, or two flows would each lease it under their own. A number
    counts as `nvidia-smi` counts, and the start of a UUID will do, as in CUDA. Without a driver names stay as they are. Raises `UsageError`
    for one that the driver does not know.
    """
    if wanted is None and (visible := os.environ.get("CUDA_VISIBLE_DEVICES")) is not None:
        wanted = list(takewhile(lambda name: name not in ("", NONE), (name.strip() for name in visible.split(","))))
    there = _driven() if wanted is None or wanted else []
    if wanted is None or not there:
        return list(wanted or there)
    return list(dict.fromkeys(_known(name, there) for name in wanted))


def _driven() -> list[str]:
    """The UUIDs of all devices, in the driver's order."""
    try:
        listed = subprocess.run(
            ["nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader"], capture_output=True, text=True, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [] if listed.returncode else [line.strip() for line in listed.stdout.splitlines() if line.strip()]


def _known(name: str, there: Sequence[str]) -> str:
    if name.isdecimal() and int(name) < len(there):
        return there[int(name)]
    if name.startswith("MIG-"):
        return name  # a part of a device: not in the list of devices
    match [uuid for uuid in there if name.startswith("GPU-") and uuid.startswith(name)]:
        case [uuid]:
            return uuid
    listed = ", ".join(f"{index} ({uuid})" for index, uuid in enumerate(there))
    raise UsageError(
        f"there is no GPU {name!r} on this host: give the number or UUID of one that its driver knows: {listed}"
    )


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
