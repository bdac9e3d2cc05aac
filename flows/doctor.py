"""The command `doctor`: check everything that runs need, and say how to fix what is missing."""

import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from flows import console, devices, dvc_cli, graph
from flows.settings import hide_credentials
from pipelines.errors import UserError
from pipelines.printing import one_line

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

PYTHONS = ((3, 11), (3, 12), (3, 13))
"""The supported versions."""
MIN_FREE_GB = 5
"""Free disk space below which a run is likely to fail: data, models and DVC's cache of both."""


@dataclass(frozen=True)
class Finding:
    """The result of one check: passed, failed, or neither (None: something optional is missing)."""

    subject: str
    passed: bool | None
    detail: str
    remedy: str = ""


def examine() -> Iterator[Finding]:
    """Do all checks, the cheapest first."""
    yield python()
    yield disk()
    yield stage_graph()
    yield tensorflow()
    yield remote()
    yield from prefect_server()


def report() -> int:
    """Print every finding; return exit status 1 if a check failed."""
    marks = {True: ("✓", "green"), None: ("–", "yellow"), False: ("✗", "bold red")}
    status = 0
    for finding in examine():
        mark, style = marks[finding.passed]
        console.screen.print(Text.assemble((mark, style), one_line(f" {finding.subject}: {finding.detail}")))
        if finding.remedy and not finding.passed:
            console.screen.print(f"    → {finding.remedy}")
        if finding.passed is False:
            status = 1
    return status


def python(version: tuple[int, int] = sys.version_info[:2]) -> Finding:
    """Whether a version of Python, by default this one, is supported."""
    supported = ", ".join(f"{major}.{minor}" for major, minor in PYTHONS)
    remedy = f"create the environment with one of {supported}: `make clean setup PYTHON=python3.11`"
    return Finding("Python", version in PYTHONS, platform.python_version(), remedy)


def disk() -> Finding:
    """Whether there is room for data, models and DVC's cache."""
    free = shutil.disk_usage(".").free / 1e9
    remedy = f"free some space: at least {MIN_FREE_GB} GB; `dvc gc -w` removes old results"
    return Finding("disk", free >= MIN_FREE_GB, f"{free:.0f} GB free", remedy)


def stage_graph() -> Finding:
    """Whether DVC can read `dvc.yaml`."""
    try:
        count = len(graph.read())
    except UserError as error:
        return Finding("graph", False, str(error), "run in the repository's root; `git diff dvc.yaml` shows edits")
    return Finding("graph", True, f"{count} stages in dvc.yaml")


def tensorflow() -> Finding:
    """Whether TensorFlow can be imported and sees as many GPUs as the driver lists."""
    code = (
        "from pipelines.nn import hardware; hardware.set_up(); import json; d = hardware.describe();"
        "print(json.dumps([d['versions']['tensorflow'], d['gpus']]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=dvc_cli.environment(), check=False
    )
    if done.returncode:
        error = (done.stderr.strip().splitlines() or ["no error message"])[-1]
        return Finding("TensorFlow", False, error, "install the pinned packages again: `make clean setup`")
    version, seen = json.loads(done.stdout.splitlines()[-1])
    detail = f"{version}; GPUs: {', '.join(seen) or 'none, networks run on the CPU'}"
    try:
        listed = devices.available()
    except UserError as error:
        remedy = "set CUDA_VISIBLE_DEVICES to devices of this host, or unset it"
        return Finding("TensorFlow", False, f"{detail}, but {error}", remedy)
    if len(listed) != len(seen):
        remedy = "pip install 'tensorflow[and-cuda]==2.21.0'"
        return Finding("TensorFlow", False, f"{detail}, but the driver lists {len(listed)}", remedy)
    return Finding("TensorFlow", True, detail)


def remote() -> Finding:
    """Whether a default DVC remote is configured and answers."""
    try:
        address = dvc_cli.default_remote()
    except dvc_cli.DvcError as error:
        return Finding("DVC remote", False, str(error), "correct .dvc/config or .dvc/config.local")
    if address is None:
        remedy = "for several hosts: dvc remote add --default NAME ADDRESS (a folder, s3://, ssh://, …)"
        return Finding("DVC remote", None, "none: not needed on one host", remedy)
    try:
        dvc_cli.probe_remote()
    except Exception as error:  # every kind of storage raises its own
        remedy = "check the address and your access to it"
        reason = hide_credentials(str(error) or type(error).__name__)
        return Finding("DVC remote", False, f"{address} does not answer: {reason}", remedy)
    return Finding("DVC remote", True, address)


def prefect_server() -> Iterator[Finding]:
    """Whether the configured server answers and has the pools, workers and deployments, and lets their runs start."""
    from flows import server

    try:
        address = server.configured()
        if address is None:
            remedy = f"for schedules and workers: gatehouse server, then export PREFECT_API_URL={server.LOCAL}"
            yield Finding("Prefect server", None, "none configured: each run starts a temporary one", remedy)
            return
        with server.connected(address) as client:
            yield Finding("Prefect server", True, hide_credentials(address))
            for name in server.POOLS:
                yield from _pool(client, name)
            for name in server.DEPLOYMENTS:
                yield _deployment(client, name)
    except UserError as error:
        yield Finding("Prefect server", False, str(error))


def _pool(client: "SyncPrefectClient", name: str) -> Iterator[Finding]:
    """What keeps runs in the pool from being started; a missing worker or a free place is not a fault."""
    from prefect.exceptions import ObjectNotFound

    from flows import obstacles

    try:
        found = obstacles.of_pool(client, name)
    except ObjectNotFound:
        yield Finding(f"pool {name}", False, "missing", "gatehouse deploy")
        return
    for obstacle in found:
        passed = False if obstacle.remedy.startswith("prefect") else None
        yield Finding(obstacle.subject, passed, obstacle.fault, obstacle.remedy)
    if not found:
        yield Finding(f"pool {name}", True, f"workers {', '.join(obstacles.online_workers(client, name))}")


def _deployment(client: "SyncPrefectClient", name: str) -> Finding:
    from prefect.exceptions import ObjectNotFound

    try:
        deployment = client.read_deployment_by_name(name)
    except ObjectNotFound:
        return Finding(f"deployment {name}", False, "missing", "gatehouse deploy")
    if deployment.work_pool_name is None:
        return Finding(f"deployment {name}", False, "has no pool any more", "gatehouse deploy")
    if deployment.paused or not all(schedule.active for schedule in deployment.schedules):
        detail = "paused: its schedule starts no run, `gatehouse trigger` does"
        return Finding(f"deployment {name}", None, detail, "gatehouse deploy")
    return Finding(f"deployment {name}", True, "present")
