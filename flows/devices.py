"""GPUs, each leased to one process at a time by all flows of a host together.

A lease is an exclusive lock on a file that represents the device. The operating system releases it when the last
process that holds it has ended, however it ended: no lease outlives its holder, and none has to be cleaned up.
"""

import fcntl
import os
import stat
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from pipelines.errors import UsageError, UserError

LOCK_FOLDER = Path("/tmp/gatehouse-devices")
"""The same for every user of the host: `TMPDIR` is often a user's or a job's own."""
SHARED = 0o1777
"""The mode of that folder: any user may add a lock, and none but its owner may remove one."""
NO_DEVICE = "-1"
"""The value of `CUDA_VISIBLE_DEVICES` that hides every device."""


def available(requested: Sequence[str] | None = None) -> list[str]:
    """The UUIDs of the `requested` GPUs, by default of those that `CUDA_VISIBLE_DEVICES` leaves visible, or of all.

    A device can be requested by its index in the list of `nvidia-smi`, by its UUID, or by the beginning of its UUID, as
    in CUDA; it has one name here, or two flows could lease it under different names. Without a driver, names stay as
    they are. Raises `UsageError` for a device that the driver does not know.
    """
    if requested is None and (visible := os.environ.get("CUDA_VISIBLE_DEVICES")) is not None:
        names = (name.strip() for name in visible.split(","))
        requested = list(takewhile(lambda name: name not in ("", NO_DEVICE), names))
    present = _devices_of_driver() if requested is None or requested else []
    if requested is None or not present:
        return list(requested or present)
    return list(dict.fromkeys(_uuid(name, present) for name in requested))


def _devices_of_driver() -> list[str]:
    """The UUIDs of all devices, in the driver's order."""
    try:
        listed = subprocess.run(
            ["nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader"], capture_output=True, text=True, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [] if listed.returncode else [line.strip() for line in listed.stdout.splitlines() if line.strip()]


def _uuid(name: str, present: Sequence[str]) -> str:
    if name.isdecimal() and int(name) < len(present):
        return present[int(name)]
    if name.startswith("MIG-"):
        return name  # a partition of a device, which the list of devices does not contain
    match [uuid for uuid in present if name.startswith("GPU-") and uuid.startswith(name)]:
        case [uuid]:
            return uuid
    listed = ", ".join(f"{index} ({uuid})" for index, uuid in enumerate(present))
    raise UsageError(f"there is no GPU {name!r} on this host: give the index or UUID of one of these: {listed}")


@dataclass(frozen=True)
class Lease:
    """A device and the open file whose lock reserves it. A child that inherits `descriptor` holds the lease, too."""

    device: str
    descriptor: int

    def release(self) -> None:
        """End this process's hold."""
        os.close(self.descriptor)


def lease(devices: Sequence[str]) -> Lease | None:
    """Lease the first of `devices` that no process on this host holds; None when all are taken."""
    for device in devices:
        descriptor = _open_lock_file(f"{device.replace(os.sep, '-')}.lock")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
        else:
            return Lease(device, descriptor)
    return None


class LeaseError(UserError):
    """The locks of the devices cannot be used, or must not be: they are not what some run of this host has made."""


def _open_lock_file(name: str) -> int:
    """A descriptor of the lock file; any user of the host may be the next holder, whatever the umask of the first.

    Every user may write to the folder, so nothing in it is taken for what it seems: a link is not followed, and what is
    no regular file is refused. Raises `LeaseError`.
    """
    path = LOCK_FOLDER / name
    try:
        _share_folder()
        try:
            # Two steps, because Linux refuses O_CREAT for another user's file in such a folder.
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CREAT | os.O_EXCL)
        except FileExistsError:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                os.close(descriptor)
                raise LeaseError(f"{path}: is no regular file, as the lock of a device has to be; remove it") from None
        else:
            os.fchmod(descriptor, 0o444)
    except OSError as error:
        raise LeaseError(
            f"{path}: this lock of a device cannot be opened ({error.strerror}); remove it, or ask its owner to"
        ) from error
    return descriptor


def _share_folder() -> None:
    """Make the folder of the locks if there is none, and check that all users share it and none can exchange its files."""
    with suppress(FileExistsError):
        LOCK_FOLDER.mkdir()
    found = LOCK_FOLDER.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise LeaseError(f"{LOCK_FOLDER}: is no folder, as the locks of the devices need; remove it")
    if stat.S_IMODE(found.st_mode) == SHARED:
        return
    if found.st_uid != os.getuid():
        raise LeaseError(
            f"{LOCK_FOLDER}: has mode {stat.S_IMODE(found.st_mode):o}, but all users of this host share the locks of its "
            f"devices; ask its owner to `chmod {SHARED:o} {LOCK_FOLDER}`"
        )
    LOCK_FOLDER.chmod(SHARED)
