"""Several hosts: a real server, real workers in their own clones, results exchanged through a real DVC remote."""

import datetime
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psutil
import pytest
from ruamel.yaml import YAML

from flows.nightly import nightly
from tests.flows.conftest import Flows, Inside, Server, Toy, until

ON_WORKERS = ["collect@a", "collect@b", "compare@a", "compare@b", "train@a-x", "train@a-y", "train@b-x", "train@b-y"]
ON_PARENT = ["report@a", "report@b", "site"]


@contextmanager
def workers(*specs: tuple[Toy, str, str], log: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Workers, specified by workspace, pool and name."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(toy.start("worker", pool, "--name", name, log=log / f"{name}.log"))
            for toy, pool, name in specs
        ]


def use_remote(remote: Path, *toys: Toy) -> None:
    for toy in toys:
        toy.dvc("remote", "add", "--default", "--local", "depot", str(remote))


def ended(server: Server, flow: str, seconds: float, earlier: set[str]) -> Any:
    """Wait for a run of a flow that is not among the `earlier` ones to end, and return it."""

    def ended_run() -> Any:
        final = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
        runs = [run for run in server.runs_of(flow) if run["id"] not in earlier and run["state"]["type"] in final]
        return runs[0] if runs else None

    return until(ended_run, seconds, f"a run of {flow} has ended", interval=2)


def run_ids(server: Server, flow: str = "nightly") -> set[str]:
    return {run["id"] for run in server.runs_of(flow)}


def kill_tree(process: subprocess.Popen[bytes]) -> None:
    """Kill the worker and all that it started, as when the host loses power."""
    parent = psutil.Process(process.pid)
    for child in [*parent.children(recursive=True), parent]:
        with suppress(psutil.NoSuchProcess):
            child.send_signal(signal.SIGKILL)


@pytest.fixture
def hosts(done_template: Toy, server: Server, deployed: None, tmp_path: Path) -> list[Toy]:
    """A parent's workspace and two workers', with a folder as the DVC remote of all.

    As after any clone, `dvc.lock` and `metrics/` record results whose files no longer exist.
    """
    clones = [done_template.clone(tmp_path / name) for name in ("parent", "first", "second")]
    use_remote(tmp_path / "remote", *clones)
    return [toy.using(tmp_path / "diary", server) for toy in clones]


def test_nightly_restores_what_workers_have_done(
    hosts: list[Toy], server: Server, tmp_path: Path, run_flows: Flows
) -> None:
    parent, first, second = hosts
    for stage in ("train@a-x", "train@b-x"):
        for toy in hosts:
            toy.set("seconds", stage, "3")
    first.write_source("train", "# The same code in other words.\nCONSTANT = 1\n")
    with workers((parent, "cpu", "cpu-1"), (first, "gpu", "gpu-1"), (second, "gpu", "gpu-2"), log=tmp_path):
        done = run_flows(parent, "trigger", "nightly")
        assert done.returncode == 0, done.stdout + done.stderr + "".join(p.read_text() for p in tmp_path.glob("*.log"))
        ran = Counter(parent.ran())
        assert ran.pop("code") == 3, "every host runs it by itself"
        assert sorted(ran.elements()) == sorted(ON_WORKERS + ON_PARENT), "a stage ran twice"
        here = {event["stage"] for event in parent.events() if event["folder"] == str(parent.folder)}
        assert here == {"code", *ON_PARENT}
        trained = {event["folder"] for event in parent.events() if event["stage"].startswith("train")}
        assert trained == {str(first.folder), str(second.folder)}, "both workers had a task"
        assert "4 ran, 8 restored" in done.stdout
        assert f"ran on {os.uname().nodename}:{first.folder}" in done.stdout
        assert (parent.folder / "reports/index.html").exists()
        assert (parent.folder / "metrics/a/comparison.json").exists()
        for model in ("a/x", "a/y", "b/x", "b/y"):
            path = Path("artifacts/models", model)
            (made,) = [toy.folder / path for toy in (first, second) if (toy.folder / path).exists()]
            assert (parent.folder / path).read_bytes() == made.read_bytes()
        assert parent.is_up_to_date()

        parent.clear_diary()
        again = run_flows(parent, "trigger", "nightly", "a")
        assert again.returncode == 0
        assert parent.ran() == []

        full = run_flows(parent, "trigger", "weekly-full", "a")
        assert full.returncode == 0, full.stdout
        # The comparison comes out the same as before, so the report has nothing to do.
        assert sorted(parent.ran()) == ["collect@a", "compare@a", "train@a-x", "train@a-y"]
        assert run_flows(parent, "show").returncode == 0


def test_nightly_names_the_stage_that_failed_on_a_worker(hosts: list[Toy], tmp_path: Path, inside: Inside) -> None:
    parent, worker, _ = hosts
    worker.set("broken", "train@a-y")
    with workers((worker, "gpu", "gpu-1"), log=tmp_path), inside(parent):
        state = nightly(return_state=True)
    assert state.is_failed()
    assert str(state.message).startswith("train@a-y: train@a-y.csv, line 3: broken on purpose [/x]; mend it")
    assert (parent.folder / "reports/b").exists()
    assert (parent.folder / "artifacts/models/a/x").exists()
    assert not (parent.folder / "reports/a").exists()
    assert not [e for e in parent.events() if e["folder"] == str(parent.folder) and e["stage"].startswith("train")]


def _has_ended(pid: int) -> bool:
    """True also of a zombie, whose exit status has not been read yet."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_nightly_sends_the_task_of_a_dead_worker_to_another(
    hosts: list[Toy], server: Server, tmp_path: Path, run_flows: Flows
) -> None:
    parent, first, second = hosts
    first.set("seconds", "train@a-x", "600")
    earlier, earlier_subruns = run_ids(server), run_ids(server, "reproduce")
    with workers((parent, "cpu", "cpu-1"), (first, "gpu", "gpu-1"), log=tmp_path) as (_, doomed):
        assert run_flows(parent, "trigger", "nightly", "a", "--no-wait").returncode == 0
        until(lambda: parent.has_started("train@a-x"), 300, "the training began")
        training = next(event["pid"] for event in parent.events() if event["stage"] == "train@a-x")
        kill_tree(doomed)
        until(lambda: _has_ended(training), 60, "the training has ended with its worker")
        with workers((second, "gpu", "gpu-2"), log=tmp_path):
            run = ended(server, "nightly", 400, earlier)
    log = server.log_of(flow_run_id={"any_": [run["id"]]})
    assert run["state"]["type"] == "COMPLETED", log
    trained = {e["folder"] for e in parent.events() if e["event"] == "ended" and e["stage"].startswith("train")}
    assert str(second.folder) in trained
    subruns = [subrun for subrun in server.runs_of("reproduce") if subrun["id"] not in earlier_subruns]
    (crashed,) = [subrun for subrun in subruns if subrun["state"]["type"] == "CRASHED"]
    assert "no heartbeat" in crashed["state"]["message"]
    assert (parent.folder / "reports/a").exists()


def test_reproduce_ends_its_stages_when_cancelled(
    toy: Toy, deployed: None, server: Server, tmp_path: Path, run_flows: Flows
) -> None:
    toy.set("seconds", "train@a-x", "600")
    with workers((toy, "gpu", "gpu-1"), log=tmp_path):
        assert run_flows(toy, "trigger", "reproduce", "train@a-x", "--no-wait").returncode == 0
        until(lambda: toy.has_started("train@a-x"), 300, "the training began")
        training = toy.events()[-1]["pid"]
        run = server.runs_of("reproduce")[0]
        server.cancel(run["id"])
        until(lambda: _has_ended(training), 60, "the training has ended")
        until(lambda: server.runs_of("reproduce")[0]["state"]["type"] == "CANCELLED", 30, "the run counts as cancelled")
    toy.unset("seconds", "train@a-x")
    toy.dvc("repro", "train@a-x")


def test_nightly_in_one_folder_needs_no_remote(toy: Toy, deployed: None, tmp_path: Path, inside: Inside) -> None:
    with workers((toy, "gpu", "gpu-1"), (toy, "gpu", "gpu-2"), log=tmp_path), inside(toy):
        state = nightly(return_state=True)
    assert state.is_completed(), state.message
    assert sorted(toy.ran()) == sorted(["code", *ON_WORKERS, *ON_PARENT])
    assert "shares the parent's workspace" in "".join((tmp_path / f"gpu-{n}.log").read_text() for n in (1, 2))


def test_nightly_in_two_folders_without_a_remote_fails_clearly(
    toy: Toy, deployed: None, tmp_path: Path, inside: Inside
) -> None:
    with workers((toy.clone(tmp_path / "other"), "gpu", "gpu-1"), log=tmp_path), inside(toy):
        state = nightly(["a"], return_state=True)
    assert state.is_failed()
    assert "no DVC remote is configured" in str(state.message)
    assert toy.ran() == ["code"]


def test_nightly_names_a_remote_that_stays_unreachable(
    hosts: list[Toy], server: Server, tmp_path: Path, inside: Inside
) -> None:
    parent = hosts[0]
    (tmp_path / "file").write_text("not a folder")
    parent.dvc("repro", "collect@a")  # something to push
    parent.dvc("remote", "modify", "--local", "depot", "url", str(tmp_path / "file" / "remote"))
    with inside(parent):
        state = nightly(["a"], return_state=True)
    assert state.is_failed()
    assert "dvc push failed with the remote depot" in str(state.message)
    assert "Not a directory" in str(state.message)
    (transfer,) = server.stages_of(server.runs_of("nightly")[0]["id"]).values()
    assert transfer["run_count"] == 4


def test_deploy_schedules_runs_in_istanbul_time(deployed: None, server: Server) -> None:
    for name, shown, when, days in (("nightly", "%H:%M", "02:00", 1), ("weekly-full", "%a %H:%M", "Sun 08:00", 7)):

        def scheduled(name: str = name) -> list[Any]:
            runs = server.ask("flow_runs", deployments={"name": {"any_": [name]}})
            return [run for run in runs if run["auto_scheduled"] and run["state"]["type"] == "SCHEDULED"]

        runs = until(scheduled, 60, f"runs of {name} are scheduled")
        starts = sorted(datetime.datetime.fromisoformat(run["expected_start_time"]) for run in runs)
        assert {start.astimezone(ZoneInfo("Europe/Istanbul")).strftime(shown) for start in starts} == {when}
        assert {later - earlier for earlier, later in pairwise(starts)} == {datetime.timedelta(days=days)}


CHANGED = ("timeseries", "finance")
"""The tasks of the real graph whose parameters change before the scheduled run."""


@pytest.mark.graph
def test_nightly_on_schedule_brings_the_real_graph_up_to_date(tiny: Path, server: Server, tmp_path: Path) -> None:
    """The night after the tiny graph was built: two changed tasks train in two clones; the parent writes the site."""
    origin = Toy(tiny, tmp_path / "diary", server.settings).copy(tmp_path / "project")
    yaml = YAML()
    params = yaml.load(origin.folder / "params.yaml")
    for task in CHANGED:
        params[task]["train"]["epochs"] = 1
    yaml.dump(params, origin.folder / "params.yaml")
    origin.commit()
    parent, first, second = hosts = [origin.clone(tmp_path / name) for name in ("parent", "first", "second")]
    use_remote(tmp_path / "remote", origin, *hosts)
    origin.dvc("push")
    parent.dvc("pull")
    described = yaml.load(parent.folder / "prefect.yaml")
    deployment = next(item for item in described["deployments"] if item["name"] == "nightly")
    earlier = run_ids(server)
    for ahead in (20, 60, 180):  # on a busy machine deploying may take longer than the schedule leaves
        soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=ahead)
        deployment["schedules"] = [{"interval": 86400, "anchor_date": soon.isoformat(), "timezone": "UTC"}]
        yaml.dump(described, parent.folder / "prefect.yaml")
        done = parent.flows("deploy")
        assert done.returncode == 0, done.stdout + done.stderr
        if datetime.datetime.now(datetime.UTC) < soon:
            break
    with workers((parent, "cpu", "cpu-1"), (first, "gpu", "gpu-1"), (second, "gpu", "gpu-2"), log=tmp_path):
        run = ended(server, "nightly", 1800, earlier)
    log = "".join(path.read_text() for path in tmp_path.glob("*.log"))
    assert run["state"]["type"] == "COMPLETED", log
    assert run["auto_scheduled"]
    assert parent.dvc("status").strip() == "Data and pipelines are up to date."
    for page in ("reports/index.html", *(f"reports/tasks/{task}/index.html" for task in CHANGED)):
        assert (parent.folder / page).read_bytes() != (tiny / page).read_bytes(), f"{page} is yesterday's"

    subruns = [subrun for subrun in server.runs_of("reproduce") if subrun["start_time"] > run["start_time"]]
    assert len(subruns) == len(CHANGED)
    trained = Counter(
        name
        for subrun in subruns
        for name, task_run in server.stages_of(subrun["id"]).items()
        if task_run["state"]["name"] == "Ran" and name.startswith("train@")
    )
    changed = {f"{task}-{model}" for task in CHANGED for model in params[task]["models"]}
    assert trained == {f"train@{training}": 1 for training in changed}
    here = {name: task_run["state"]["name"] for name, task_run in server.stages_of(run["id"]).items()}
    restored = {f"{kind}@{training}" for kind in ("train", "evaluate") for training in changed}
    restored |= {
        f"{kind}@{task}" for kind in ("collect", "prepare", "validate", "baselines", "compare") for task in CHANGED
    }
    assert {name for name, state in here.items() if state == "Restored"} == restored
    for model in (parent.folder / "artifacts/models/finance").iterdir():
        made = [toy for toy in (first, second) if (toy.folder / "artifacts/models/finance" / model.name).exists()]
        assert len(made) == 1, f"finance/{model.name} was made by {len(made)} workers"
    assert "Traceback" not in log
