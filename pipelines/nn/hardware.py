"""Setting up TensorFlow, and describing the machine."""

import contextlib
import ctypes
import gc
import os
import platform
import resource
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

LARGEST_KEPT = 32 << 20
"""Bytes; glibc takes no larger threshold."""
UNUSED_KEPT = 1 << 30
"""Bytes."""


@contextlib.contextmanager
def _without_chatter() -> Iterator[None]:
    """Drop what C++ prints on standard error: TensorFlow reports missing GPUs before its log level applies."""
    kept = os.dup(2)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def keep_memory() -> None:
    """Let the C library reuse the large blocks that it would return to the system and fetch again in every step.

    It would get each of them back as pages that the operating system clears, hundreds a step. Only glibc does this, and has a setting
    against it (`mallopt(3)`: M_TRIM_THRESHOLD -1, M_MMAP_THRESHOLD -3). The numbers do not change (`python -m benchmarks.training`).
    """
    if platform.libc_ver()[0] == "glibc":
        library = ctypes.CDLL(None)
        library.mallopt(-3, LARGEST_KEPT)
        library.mallopt(-1, UNUSED_KEPT)


@contextlib.contextmanager
def _without_collection() -> Iterator[None]:
    """Pause garbage collection during imports, and exempt the imported modules from it afterwards."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@cache
def set_up() -> None:
    """Import TensorFlow and make its results depend on seeds alone. Call before any other module that imports it.

    One thread per operation: sums over several threads change with their number, and the operations of these networks
    are too small to gain from more. Independent operations do run side by side: sooner, by how much depends on the
    network, and with the same numbers to the last bit (`python -m benchmarks.training`). oneDNN, which TensorFlow uses by
    default on some processors only, is used on all: without it a product with a transposed matrix, which is half of
    back-propagation through time, takes twice as long.
    """
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    keep_memory()
    with _without_chatter():
        with _without_collection():
            import tensorflow as tf

        tf.get_logger().setLevel("ERROR")  # it warns of every new batch size
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.experimental.enable_op_determinism()
        for gpu in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(gpu, True)
        tf.zeros(1)  # starts the runtime, which prints messages of its own


def peak_memory_mb() -> float:
    """Largest resident memory this process has had, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


def describe() -> dict[str, Any]:
    """Processor, memory, accelerators, threads, and the versions of what computes."""
    import keras
    import numpy
    import psutil
    import tensorflow as tf

    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30),
        "gpus": [
            tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name)
            for gpu in tf.config.list_physical_devices("GPU")
        ],
        "threads_per_operation": tf.config.threading.get_intra_op_parallelism_threads(),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": {
            "python": platform.python_version(),
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
            "numpy": numpy.__version__,
        },
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
