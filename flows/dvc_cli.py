"""DVC as the flows use it: its commands, the phrases of its output that mean something here, and `dvc.lock`.

The phrases are those of DVC 3.67, which `requirements.txt` pins; `tests/flows/test_dvc_cli.py` notices when they change.
(The module cannot be named `dvc`: Prefect puts the folder of a flow's file on `sys.path`, where it would hide DVC.)
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flows import console
from flows.settings import hide_credentials
from pipelines.artifacts import replacing
from pipelines.errors import UsageError, UserError

COMMAND = (sys.executable, "-m", "dvc", "--wait-for-lock")
YAML_FILE = Path("dvc.yaml")
LOCK_FILE = Path("dvc.lock")
SHELL_SIGNALS = 128
"""What a shell adds to the number of the signal that killed its command."""
RETRY_AFTER = 3.0
"""Seconds between two attempts while another process uses the files of a stage."""
LOCKED = "locked by another run in this workspace: waiting"

_UNKNOWN_TARGET = "does not exist as an output or a stage name"
_NO_GIT = "is not a git repository"
_NO_DVC = "not inside of a DVC repository"
_BLOCKED = "it is being blocked by"
_RUNNING = "Running stage"
_COMMAND = "> "
_CHECKED_OUT = "is cached - skipping run"
_FAILED = re.compile(r"ERROR: failed to reproduce '[^']*': (.*)")
_EXITED = re.compile(r"failed to run: .*, exited with (-?\d+)")
_ROUTINE = (
    _RUNNING, "Generating lock file", "Updating lock file", "To track the changes", "git add", "To enable auto staging",
    "dvc config core.autostage", "Use `dvc push`", "Data and pipelines are up to date", "ERROR: failed to reproduce",
    "Having any troubles", "(PID ", "If there are no processes with such PIDs",
)  # fmt: skip
"""The beginnings of the lines that DVC prints around the output of every stage."""


class DvcError(UserError):
    """A DVC command that failed, with the reason that DVC gave."""

    def __init__(self, reason: str) -> None:
        super().__init__(hide_credentials(reason))


def environment(**variables: str) -> dict[str, str]:
    """The environment of a child process: this interpreter's commands come first, since `dvc.yaml` says `python`."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    return {**os.environ, "PATH": path, "DVC_NO_ANALYTICS": "1", "PYTHONUNBUFFERED": "1", **variables}


def call(*arguments: str) -> str:
    """Run one DVC command in this folder, waiting for DVC's locks; return its output, raise `DvcError` if it fails."""
    waiting = False
    while True:
        done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False, env=environment())
        # --wait-for-lock waits for DVC's own lock, not for a file that a running stage writes.
        if not done.returncode or not is_blocked([done.stderr]):
            break
        if not waiting:
            console.say(arguments[0], LOCKED)
        waiting = True
        time.sleep(RETRY_AFTER)
    if done.returncode:
        reason = _error(done.stderr) or f"dvc {arguments[0]} ended with status {done.returncode}"
        if _NO_GIT in reason:
            reason += ", which DVC needs: `git init` there makes it one; a clone is one already"
        elif _NO_DVC in reason:
            reason += ": go to the root of a checkout"
        raise DvcError(reason)
    return done.stdout


def _error(stderr: str) -> str:
    """DVC's last error in one line; for a `dvc.yaml` that it cannot read, the whole message without the quoted lines."""
    errors = [line.removeprefix("ERROR: ") for line in stderr.splitlines() if line.startswith("ERROR: ")]
    if errors:
        return errors[-1]
    quoted = re.compile(r"\s*\d+ (│|\s*$)")
    return " ".join(line.strip() for line in stderr.splitlines() if line.strip() and not quoted.match(line))


def dag(*target: str) -> list[tuple[str, ...]]:
    """The graph up to `target`, or all of it: a stage as (name,), an edge as (upstream, downstream).

    Raises `UsageError` if DVC does not know the target.
    """
    try:
        dot = call("dag", "--dot", "--", *target)
    except DvcError as error:
        if target and _UNKNOWN_TARGET in str(error):
            raise UsageError(str(error)) from None
        raise
    # Lines like `"code";` and `"code" -> "train@a";`
    return [tuple(names) for line in dot.splitlines() if (names := re.findall(r'"([^"]+)"', line))]


def status() -> dict[str, list[Any]]:
    """The stages that are out of date, each with DVC's list of causes."""
    causes: dict[str, list[Any]] = json.loads(call("status", "--json"))
    return causes


def default_remote() -> str | None:
    """The default DVC remote with its address, without credentials, if one is configured."""
    configured = dict(line.split("=", 1) for line in call("config", "--list").splitlines() if "=" in line)
    name = configured.get("core.remote")
    return hide_credentials(f"{name} ({configured.get(f'remote.{name}.url')})") if name else None


def probe_remote() -> None:
    """Connect to the default remote; whatever its storage raises means that it does not answer."""
    from dvc.repo import Repo  # no command of DVC does only this

    with Repo() as repo:
        store = repo.cloud.get_remote_odb()
        store.fs.makedirs(store.path, exist_ok=True)
        store.fs.ls(store.path)


def outputs() -> dict[str, set[str]]:
    """The paths of every stage's outputs, as `dvc.yaml` says, metrics among them."""
    from dvc.repo import Repo  # its commands print them for people

    with Repo() as repo:
        return {stage.addressing: {out.def_path for out in stage.outs} for stage in repo.index.stages}


def paths_that_leave_their_folder(stages: Iterable[str]) -> list[str]:
    """Of the files that DVC's cache lists for the output folders of `stages`, those that `dvc checkout` would write elsewhere.

    DVC 3.67 joins a folder's path and what a listing says, `../x` too.
    """
    from dvc.repo import Repo
    from dvc_data.hashfile.tree import Tree

    wanted = set(stages)
    with Repo() as repo:
        folders = [out for stage in repo.index.stages if stage.addressing in wanted for out in stage.outs]
        listings = {out.def_path: listing for out in folders if isinstance(listing := out.get_obj(), Tree)}
        files = [(folder, parts) for folder, listing in listings.items() for parts, _, _ in listing]
    return ["/".join((folder, *parts)) for folder, parts in files if not {"", ".", ".."}.isdisjoint(parts)]


def repro_command(stage: str, force: bool = False, pull: bool = False) -> list[str]:
    """The command that brings this one stage up to date, without what it depends on."""
    flags = [flag for flag, wanted in (("--force", force), ("--pull", pull)) if wanted]
    return [*COMMAND, "repro", "--single-item", *flags, stage]


def is_blocked(lines: Iterable[str]) -> bool:
    """Whether a command failed because another process uses the same files: try it again later."""
    return any(_BLOCKED in line for line in lines)


def is_routine(line: str) -> bool:
    """Whether a line of `dvc repro` says nothing about the stage itself."""
    return not line.strip() or line.strip().startswith(_ROUTINE)


def was_run(lines: Iterable[str]) -> bool:
    """Whether `dvc repro`, with this output, ran the stage's command."""
    return any(line.startswith(_RUNNING) for line in lines)


def was_checked_out(lines: Iterable[str]) -> bool:
    """Whether `dvc repro`, with this output, took the stage's outputs from the cache instead of running it."""
    return any(_CHECKED_OUT in line for line in lines)


def failure(lines: Sequence[str], returncode: int) -> str:
    """Why `dvc repro` of one stage failed: the user error that the stage printed, else DVC's reason, else the last line."""
    own = [line for line in lines if not is_routine(line) and not line.startswith(_COMMAND)]
    errors = [line.removeprefix("error: ") for line in own if line.startswith("error: ")]
    reasons = [found[1] for line in lines if (found := _FAILED.match(line))]
    exited = [int(found[1]) for reason in reasons if (found := _EXITED.fullmatch(reason))]
    if errors:
        return errors[-1]
    if reasons and not exited:
        return reasons[-1]
    if exited and (exited[-1] < 0 or exited[-1] > SHELL_SIGNALS):
        number = -exited[-1] if exited[-1] < 0 else exited[-1] - SHELL_SIGNALS
        return f"killed by signal {number}" + (", perhaps because memory ran out" if number == signal.SIGKILL else "")
    return (own or [f"exit status {[returncode, *exited][-1]}"])[-1]


def has_stage(name: str) -> bool:
    """Whether `dvc.yaml` has a stage, or a group of stages, of that name."""
    return name in load_yaml(YAML_FILE)["stages"]


def recorded_stages() -> dict[str, Any]:
    """What `dvc.lock` records of every stage: its command and the hashes of its dependencies and outputs."""
    return dict(load_yaml(LOCK_FILE)["stages"]) if LOCK_FILE.exists() else {}


@contextmanager
def recording(stages: Mapping[str, Any]) -> Iterator[None]:
    """Add `stages` to `dvc.lock`, or replace them there, unless the block fails; the file looks as DVC would have written it."""
    before = recorded_stages()
    _write_lock({**before, **stages})
    try:
        yield
    except BaseException:
        _write_lock(before)
        raise


def _write_lock(stages: Mapping[str, Any]) -> None:
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.default_flow_style = False
    with replacing(LOCK_FILE) as partial, partial.open("w", encoding="utf-8") as file:
        yaml.dump({"schema": "2.0", "stages": dict(stages)}, file)


def load_yaml(path: Path) -> Any:
    """The values in a YAML 1.2 file, as DVC reads it."""
    from ruamel.yaml import YAML

    return YAML(typ="safe").load(path)  # in C, a tenth of the time of a parser that keeps comments
