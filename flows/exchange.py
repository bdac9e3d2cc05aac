"""How hosts hand results to each other: files through the DVC remote, what they belong to through Prefect's server.

The parent tells a sub-run what it expects (`Handover`). The sub-run pushes its outputs and the run cache and leaves
its part of `dvc.lock` and of `metrics/` (which are not in the remote: Git carries them otherwise) as an artifact. The
parent adopts both and pulls: DVC then finds these stages unchanged, and nothing is run a second time.
"""

import hashlib
import platform
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from prefect import task
from prefect.artifacts import Artifact
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff
from pydantic import BaseModel, ConfigDict

from flows import console, graph
from flows.stages import Outcome
from pipelines import paths
from pipelines.artifacts import replacing
from pipelines.errors import UserError

TOKEN = paths.WORK / "workspace"


class ExchangeError(UserError):
    """Results that cannot be handed from one host to another."""


class Handover(BaseModel):
    """What a parent run tells its sub-run on a worker."""

    model_config = ConfigDict(frozen=True)

    workspace: str
    """The parent's workspace: a sub-run that finds itself in the same one has nothing to send."""
    task: str
    fingerprint: str
    """Of the code, the parameters and the task's own files, which must be the same on both hosts."""

    @property
    def shared(self) -> bool:
        """Whether this process runs in the parent's workspace."""
        return workspace() == self.workspace


def workspace() -> str:
    """The mark of this workspace, made once: the same for all who see the same folder, on whatever host."""
    TOKEN.parent.mkdir(exist_ok=True)
    with suppress(FileExistsError), TOKEN.open("x") as file:
        file.write(uuid.uuid4().hex)
    return TOKEN.read_text()


def remote() -> str | None:
    """The default DVC remote with its address, if one is configured."""
    configured = {}
    for line in graph.dvc("config", "--list").splitlines():
        key, _, value = line.partition("=")
        configured[key] = value
    name = configured.get("core.remote")
    return f"{name} ({configured.get(f'remote.{name}.url')})" if name else None


def probe() -> None:
    """Ask the default DVC remote for an answer; raise `ExchangeError` if there is none."""
    from dvc.repo import Repo

    try:
        with Repo() as repo:
            store = repo.cloud.get_remote_odb()
            store.fs.makedirs(store.path, exist_ok=True)
            store.fs.ls(store.path)
    except Exception as error:  # every kind of remote has its own
        raise ExchangeError(f"the DVC remote {remote()} does not answer: {error}") from error


def fingerprint(task: str) -> str:
    """A hash of the code, the graph, the parameters, and the files that the user has put in for `task`."""
    digest = hashlib.sha256()
    code = [path for path in Path("pipelines").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    own = [path for path in paths.input_folder(task).rglob("*") if path.is_file() and path.name != ".gitkeep"]
    for path in sorted([*code, *own, paths.PARAMS, Path("dvc.yaml")]):
        with path.open("rb") as file:
            digest.update(f"{path.as_posix()}:{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return digest.hexdigest()


@task(
    name="DVC remote",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=3,
    retry_delay_seconds=exponential_backoff(5),
)
def transfer(*arguments: str) -> None:
    """A `dvc push` or `dvc pull`; tried again, waiting longer each time, when the remote does not answer."""
    try:
        graph.dvc(*arguments)
    except graph.DvcError as error:
        failure = ExchangeError(
            f"the DVC remote {remote()} does not work ({arguments[0]}): {error}; `python -m flows doctor` checks it"
        )
        console.say("DVC remote", str(failure), "red")
        raise failure from None


def receive(handover: Handover, targets: Sequence[str]) -> None:
    """On the worker: make sure that this workspace will give the parent what it expects, and take what the remote has."""
    if handover.shared:
        console.say(handover.task, "this worker shares the workspace of the run that sent it: nothing to transfer")
        return
    if not remote():
        raise ExchangeError(
            "this worker runs in another workspace than the run that sent it, and no DVC remote is configured to "
            "pass results on: `dvc remote add --default NAME ADDRESS` in both, or start the worker in the same folder"
        )
    if fingerprint(handover.task) != handover.fingerprint:
        raise ExchangeError(
            f"{Path.cwd()} on {platform.node()} differs from the workspace of the run that sent it in pipelines/, "
            f"dvc.yaml, params.yaml or {paths.input_folder(handover.task)}/: bring both to the same state"
        )
    transfer("pull", "--run-cache", "--allow-missing", "--force", "--with-deps", *targets)


def hand_over(handover: Handover, outcomes: Sequence[Outcome]) -> None:
    """On the worker: push what is good, and leave what the parent needs to adopt it."""
    good = {outcome.stage for outcome in outcomes if outcome.did.good}
    data: dict[str, Any] = {
        "where": f"{platform.node()}:{Path.cwd()}",
        "outcomes": [asdict(outcome) for outcome in outcomes],
    }
    if good and not handover.shared:
        transfer("push", "--run-cache", *sorted(good))
        entries = {stage: entry for stage, entry in _lock()["stages"].items() if stage in good}
        made = [Path(out["path"]) for entry in entries.values() for out in entry.get("outs", [])]
        data["lock"] = entries
        data["metrics"] = {path.as_posix(): path.read_text() for path in made if paths.METRICS in path.parents}
    description = "For the run that sent this one: what was done, and its part of dvc.lock and metrics/."
    Artifact(type="handover", key="handover", description=description, data=data).create()


def adopt(data: Mapping[str, Any]) -> None:
    """In the parent: make the worker's part of `dvc.lock` and `metrics/` this workspace's own, and pull the files."""
    lock = _lock()
    lock["stages"].update(data["lock"])
    with replacing(graph.LOCK) as partial, partial.open("w") as file:
        _yaml().dump(lock, file)
    for name, text in data["metrics"].items():
        with replacing(Path(name)) as partial:
            partial.write_text(text)
    transfer("pull", "--force", *sorted(data["lock"]))


def _yaml() -> Any:
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.default_flow_style = False
    return yaml


def _lock() -> Any:
    return _yaml().load(graph.LOCK) if graph.LOCK.exists() else {"schema": "2.0", "stages": {}}
