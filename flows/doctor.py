"""`python -m flows doctor`: is everything there that runs need, and what to do about what is not."""

import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from rich.text import Text

from flows import console, devices, exchange, graph
from pipelines.errors import UserError

PYTHON = (3, 11)
ROOM = 5
"""GB of free disk below which a run is likely to fail: data, models and DVC's cache of both."""


@dataclass(frozen=True)
class Finding:
    """One thing looked at: good, bad (with what to do), or neither (something that is optional is not there)."""

    what: str
    good: bool | None
    told: str
    remedy: str = ""


def examine() -> Iterator[Finding]:
    """Look at everything, cheapest first."""
    yield _python()
    yield _disk()
    yield _graph()
    yield _tensorflow()
    yield _remote()
    yield from _server()


def report() -> int:
    """Print every finding; exit status 1 if one is bad."""
    marks = {True: ("✓", "green"), None: ("–", "yellow"), False: ("✗", "bold red")}
    bad = 0
    for finding in examine():
        mark, style = marks[finding.good]
        console.screen.print(Text.assemble((mark, style), f" {finding.what}: {finding.told}"))
        if finding.remedy and finding.good is not True:
            console.screen.print(f"    → {finding.remedy}")
        bad += finding.good is False
    return 1 if bad else 0


def _python() -> Finding:
    good = sys.version_info[:2] == PYTHON
    return Finding(
        "Python", good, platform.python_version(), "make the environment anew with Python 3.11: `make clean setup`"
    )


def _disk() -> Finding:
    free = shutil.disk_usage(".").free / 1e9
    return Finding(
        "disk", free >= ROOM, f"{free:.0f} GB free", f"free some: at least {ROOM} GB; `dvc gc -w` drops old results"
    )


def _graph() -> Finding:
    try:
        count = len(graph.read())
    except UserError as error:
        return Finding(
            "graph", False, str(error), "run in the repository's root, with dvc.yaml as `tests/test_graph.py` wants it"
        )
    return Finding("graph", True, f"{count} stages in dvc.yaml")


def _tensorflow() -> Finding:
    code = (
        "from pipelines.nn import hardware; hardware.set_up(); import json; d = hardware.describe();"
        "print(json.dumps([d['versions']['tensorflow'], d['gpus']]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=graph.environment(), check=False
    )
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        return Finding("TensorFlow", False, why, "install the pins anew: `make clean setup`")
    version, seen = json.loads(done.stdout.splitlines()[-1])
    told = f"{version}; sees {', '.join(seen) or 'no GPU: networks run on the CPU'}"
    try:
        there = devices.found()
    except UserError as error:
        return Finding(
            "TensorFlow", False, f"{told}, but {error}", "set CUDA_VISIBLE_DEVICES to what is there, or unset it"
        )
    if len(there) != len(seen):
        return Finding(
            "TensorFlow",
            False,
            f"{told}, but the driver has {len(there)}",
            "pip install 'tensorflow[and-cuda]==2.21.0'",
        )
    return Finding("TensorFlow", True, told)


def _remote() -> Finding:
    named = exchange.remote()
    if named is None:
        return Finding(
            "DVC remote", None, "none: enough for one host",
            "for several: dvc remote add --default NAME ADDRESS (a folder, s3://, ssh://, …)",
        )  # fmt: skip
    try:
        exchange.probe()
    except UserError as error:
        return Finding("DVC remote", False, str(error), "check the address and your access to it")
    return Finding("DVC remote", True, named)


def _server() -> Iterator[Finding]:
    from prefect.exceptions import ObjectNotFound

    from flows import server

    address = server.configured()
    if address is None:
        yield Finding(
            "Prefect server", None, "none configured: each run starts a temporary one",
            f"for schedules and workers: python -m flows server, then export PREFECT_API_URL={server.LOCAL}",
        )  # fmt: skip
        return
    try:
        with server.answering(address) as client:
            yield Finding("Prefect server", True, address)
            for pool in server.POOLS:
                try:
                    client.read_work_pool(pool)
                except ObjectNotFound:
                    yield Finding(f"pool {pool}", False, "missing", "python -m flows deploy")
                    continue
                workers = client.read_workers_for_work_pool(pool)
                online = [worker.name for worker in workers if worker.status == "ONLINE"]
                told = f"workers {', '.join(online)}" if online else "no worker"
                yield Finding(f"pool {pool}", True if online else None, told, f"python -m flows worker {pool}")
            for name in server.DEPLOYMENTS:
                try:
                    client.read_deployment_by_name(name)
                except ObjectNotFound:
                    yield Finding(f"deployment {name}", False, "missing", "python -m flows deploy")
                else:
                    yield Finding(f"deployment {name}", True, "there")
    except server.ServerError as error:
        yield Finding("Prefect server", False, str(error))
