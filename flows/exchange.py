"""How hosts pass results on: files through the DVC remote, their records through Prefect's server.

The parent run tells a sub-run what it expects (`Handover`). The sub-run pushes its outputs and the run cache, and
creates an artifact with its part of `dvc.lock` and of `metrics/` (the remote does not hold these: Git does). The parent
checks and adopts both and fetches the outputs: DVC then finds these stages unchanged, and nothing runs a second time.

The stage `code` is not exchanged. Each host runs it: that takes a second, and a worker that took its output from the
parent would claim to have the parent's code without having looked.
"""

import hashlib
import json
import platform
import uuid
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

from prefect import task
from prefect.artifacts import Artifact
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from flows import console, dvc_cli
from flows.stages import CODE, Outcome, update_code
from pipelines import paths
from pipelines.artifacts import replacing
from pipelines.errors import UserError

WORKSPACE_ID = paths.WORK / "workspace"


class ExchangeError(UserError):
    """Results that cannot be passed from one host to another."""


class Handover(BaseModel):
    """What a parent run tells its sub-run on a worker."""

    model_config = ConfigDict(frozen=True)

    workspace: str
    """The parent's workspace; a sub-run in the same one has nothing to transfer."""
    task: Annotated[str, Field(pattern=r"^\w[\w-]*$")]
    fingerprint: str
    """Of the code, the parameters and the task's input files, which must be the same on both hosts."""

    @property
    def shared(self) -> bool:
        """Whether this process runs in the parent's workspace."""
        return workspace() == self.workspace


class Output(BaseModel):
    """An output in `dvc.lock`. Nothing else can be said of one: DVC makes paths of all that it says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    hash: Literal["md5"] = "md5"
    md5: Annotated[str, Field(pattern=r"^[0-9a-f]{32}(\.dir)?$")]
    size: int | None = None
    nfiles: int | None = None
    isexec: bool | None = None


class Record(BaseModel):
    """What `dvc.lock` records of a stage."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cmd: str | list[str]
    deps: list[dict[str, Any]] = []
    params: dict[str, dict[str, Any]] = {}
    outs: list[Output] = []


class Results(BaseModel):
    """What a sub-run hands over to its parent run."""

    model_config = ConfigDict(frozen=True)

    where: str
    """Host and folder."""
    outcomes: list[Outcome]
    lock: dict[str, Record] = {}
    """Its part of `dvc.lock`; nothing from a worker that shares the parent's workspace."""
    metrics: dict[str, str] = {}
    """The contents of its part of `metrics/`, by path."""


def workspace() -> str:
    """An identifier of this folder, created once: the same for all hosts that see the same folder."""
    WORKSPACE_ID.parent.mkdir(exist_ok=True)
    with suppress(FileExistsError), WORKSPACE_ID.open("x") as file:
        file.write(uuid.uuid4().hex)
    return WORKSPACE_ID.read_text()


def fingerprint(task: str) -> str:
    """A hash of everything that decides the results of `task`: its code, the graph, the parameters, its input files.

    Code is compared by the hashes that the stage `code` has written, which must be up to date, and parameters by value:
    a reworded comment makes no difference. A graph without that stage has its code compared byte by byte.
    """
    if dvc_cli.has_stage(CODE):
        code = list(paths.CODE.glob(f"*/{task}.json"))
        if not code:
            raise ExchangeError(f"{paths.CODE}/*/{task}.json: no such file; `dvc repro {CODE}` should have written it")
    else:
        code = [path for path in Path("pipelines").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    inputs = [path for path in paths.input_folder(task).rglob("*") if path.is_file() and path.name != ".gitkeep"]
    digest = hashlib.sha256()
    for path in sorted(code + inputs):
        with path.open("rb") as file:
            digest.update(f"{path.as_posix()}:{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    for path in (paths.PARAMS, dvc_cli.YAML_FILE):
        digest.update(json.dumps(dvc_cli.load_yaml(path), sort_keys=True, default=str).encode())
    return digest.hexdigest()


@task(
    name="DVC remote",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=3,
    retry_delay_seconds=exponential_backoff(5),
)
def transfer(*arguments: str) -> None:
    """Run `dvc push` or `dvc pull`; retry with growing delays when the remote does not answer."""
    try:
        dvc_cli.call(*arguments)
    except dvc_cli.DvcError as error:
        failure = ExchangeError(
            f"dvc {arguments[0]} failed with the remote {dvc_cli.default_remote()}: {error}; `gatehouse doctor` checks it"
        )
        console.say("DVC remote", str(failure), "red")
        raise failure from None


def receive(handover: Handover, targets: Sequence[str]) -> None:
    """On the worker: make sure that this workspace computes what the parent expects, and pull what the remote has."""
    if handover.shared:
        console.say(handover.task, "this worker shares the parent's workspace: nothing to transfer")
        return
    if not dvc_cli.default_remote():
        raise ExchangeError(
            "this worker runs in another workspace than the run that sent it, and no DVC remote is configured to "
            "pass results on: `dvc remote add --default NAME ADDRESS` in both, or start the worker in the same folder"
        )
    if dvc_cli.has_stage(CODE):
        update_code("to compare it with the parent's")
    if fingerprint(handover.task) != handover.fingerprint:
        raise ExchangeError(
            f"{Path.cwd()} on {platform.node()} differs from the workspace of the run that sent it in pipelines/, "
            f"dvc.yaml, params.yaml or {paths.input_folder(handover.task)}/: bring both to the same state"
        )
    transfer("pull", "--run-cache", "--allow-missing", "--force", "--with-deps", "--", *targets)


def hand_over(handover: Handover, outcomes: Sequence[Outcome]) -> None:
    """On the worker: push the good outputs, and create the artifact that the parent needs to adopt them."""
    outcomes = [outcome for outcome in outcomes if outcome.stage != CODE]
    good = {outcome.stage for outcome in outcomes if outcome.status.good}
    data: dict[str, Any] = {"where": f"{platform.node()}:{Path.cwd()}", "outcomes": outcomes}
    if good and not handover.shared:
        transfer("push", "--run-cache", *sorted(good))
        records = {stage: record for stage, record in dvc_cli.recorded_stages().items() if stage in good}
        outputs = [Path(out["path"]) for record in records.values() for out in record.get("outs", [])]
        data["lock"] = records
        data["metrics"] = {path.as_posix(): path.read_text() for path in outputs if paths.METRICS in path.parents}
    description = "For the parent run: what was done, and this task's part of dvc.lock and metrics/."
    results = Results.model_validate(data).model_dump(mode="json", exclude_unset=True)
    Artifact(type="handover", key="handover", description=description, data=results).create()


def handed_over(data: str, stages: Iterable[str]) -> Results:
    """In the parent: what a worker hands over for `stages`, which it was sent.

    Whoever can write to Prefect's server can write this, so it decides of nothing but what was asked for: raises
    `ExchangeError` if it names another stage, a path that is no output of its stage, or one that a link leads out of the
    workspace.
    """
    try:
        results = Results.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ExchangeError(f"what its worker handed over cannot be read ({place}: {first['msg']})") from None
    known = dvc_cli.outputs()
    sent = {stage: known[stage] for stage in stages}
    for stage in [*results.lock, *(outcome.stage for outcome in results.outcomes)]:
        if stage not in sent:
            raise ExchangeError(f"its worker handed over {stage!r}, which it was not sent")
    files = {(stage, out.path) for stage, record in results.lock.items() for out in record.outs}
    metrics = {path for stage in results.lock for path in sent[stage] if paths.METRICS in Path(path).parents}
    unknown = {path for stage, path in files if path not in sent[stage]} | (results.metrics.keys() - metrics)
    here = Path.cwd().resolve()
    unknown |= {path for path in {path for _, path in files} | metrics if not Path(path).resolve().is_relative_to(here)}
    if unknown:
        raise ExchangeError(
            f"its worker handed over {min(unknown)!r}, which is no output of its stages in this workspace"
        )
    return results


def adopt(results: Results) -> None:
    """In the parent: take over the worker's part of `dvc.lock` and `metrics/`, and fetch the outputs."""
    stages = sorted(results.lock)
    with dvc_cli.recording({stage: record.model_dump(exclude_unset=True) for stage, record in results.lock.items()}):
        transfer("fetch", *stages)
        if leaving := dvc_cli.paths_that_leave_their_folder(stages):
            raise ExchangeError(f"its worker handed over the file {leaving[0]!r}, which is not in its output folder")
        for name, text in results.metrics.items():
            with replacing(Path(name)) as partial:
                partial.write_text(text)
        dvc_cli.call("checkout", "--force", *stages)
