"""Several hosts: a real server, real workers in clones of their own, results handed over through a real DVC remote."""

import datetime
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psutil
import pytest
from ruamel.yaml import YAML

from tests.conftest import copy_project, use_tiny_profile
from tests.flows.conftest import Server, Toy, until

EVERY_STAGE = 11


@contextmanager
def workers(*places: tuple[Toy, str, str], log: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Workers, each in a workspace, for a pool, with a name."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(toy.start("worker", pool, "--name", name, log=log / f"{name}.log"))
            for toy, pool, name in places
        ]


def share(remote: Path, *toys: Toy) -> None:
    for toy in toys:
        toy.dvc("remote", "add", "--default", "--local", "depot", str(remote))


def deploy(toy: Toy) -> None:
    done = toy.flows("deploy")
    assert done.returncode == 0, done.stdout + done.stderr


def ended(server: Server, flow: str, seconds: float, since: set[str]) -> Any:
    """The first run of a flow that is not among those of `since`, once it has ended."""

    def found() -> Any:
        final = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
        runs = [run for run in server.runs_of(flow) if run["id"] not in since and run["state"]["type"] in final]
        return runs[0] if runs else None

    return until(found, seconds, f"a run of {flow} has ended")


def known(server: Server, flow: str = "nightly") -> set[str]:
    """The runs of a flow that there are already."""
    return {run["id"] for run in server.runs_of(flow)}


def kill_tree(process: subprocess.Popen[bytes]) -> None:
    """As when the host loses power: the worker and whatever it started."""
    parent = psutil.Process(process.pid)
    for child in [*parent.children(recursive=True), parent]:
        with suppress(psutil.NoSuchProcess):
            child.send_signal(signal.SIGKILL)


@pytest.fixture
def hosts(toy: Toy, tmp_path: Path) -> list[Toy]:
    """A parent's workspace and two workers', with a folder as the DVC remote of all.

    As after any clone, `dvc.lock` and `metrics/` are there and tell of results that nobody has any more.
    """
    toy.dvc("repro")
    toy.commit()
    toy.forget()
    clones = [toy.clone(tmp_path / name) for name in ("parent", "first", "second")]
    share(tmp_path / "remote", *clones)
    return clones


def test_workers_do_the_work_and_the_parent_restores_it(hosts: list[Toy], server: Server, tmp_path: Path) -> None:
    parent, first, second = hosts
    for stage in ("train@a-x", "train@b-x"):
        for toy in hosts:
            toy.set("seconds", stage, "3")
    deploy(parent)
    with workers((parent, "cpu", "cpu-1"), (first, "gpu", "gpu-1"), (second, "gpu", "gpu-2"), log=tmp_path):
        done = parent.flows("trigger", "nightly")
        assert done.returncode == 0, done.stdout + done.stderr + "".join(p.read_text() for p in tmp_path.glob("*.log"))
        ran = parent.ran()
        assert sorted(ran) == sorted(set(ran)), "a stage ran twice"
        assert len(ran) == EVERY_STAGE
        here = {e["stage"] for e in parent.events() if e["folder"] == str(parent.folder)}
        assert here == {"report@a", "report@b", "site"}
        assert {e["folder"] for e in parent.events()} == {str(toy.folder) for toy in hosts}, "both workers had a task"
        assert "8 restored" in done.stdout
        assert "3 ran" in done.stdout
        assert f"ran on {os.uname().nodename}:{first.folder}" in done.stdout
        assert (parent.folder / "reports/index.html").exists()
        assert (parent.folder / "metrics/a/comparison.json").exists()
        for model in ("a/x", "a/y", "b/x", "b/y"):
            at = f"artifacts/models/{model}"
            made = [toy.folder / at for toy in (first, second) if (toy.folder / at).exists()]
            assert len(made) == 1
            assert (parent.folder / at).read_bytes() == made[0].read_bytes()
        assert parent.dvc("status").strip() == "Data and pipelines are up to date."

        parent.forget()
        again = parent.flows("trigger", "nightly", "a")
        assert again.returncode == 0
        assert parent.ran() == []

        full = parent.flows("trigger", "weekly-full", "a")
        assert full.returncode == 0, full.stdout
        # (what comes out is the same as before, so the report has nothing new to tell)
        assert sorted(parent.ran()) == ["collect@a", "compare@a", "train@a-x", "train@a-y"]
        assert parent.flows("show").returncode == 0


def test_a_failure_on_a_worker_is_told_with_its_stage_and_the_rest_is_kept(
    hosts: list[Toy], server: Server, tmp_path: Path
) -> None:
    parent, first, second = hosts
    for toy in (first, second):
        toy.set("broken", "train@a-y")
    deploy(parent)
    with workers((parent, "cpu", "cpu-1"), (first, "gpu", "gpu-1"), (second, "gpu", "gpu-2"), log=tmp_path):
        done = parent.flows("trigger", "nightly")
    assert done.returncode == 1
    assert "train@a-y: train@a-y.csv, line 3: broken on purpose [/x]; mend it" in done.stdout
    assert (parent.folder / "reports/b").exists()
    assert (parent.folder / "artifacts/models/a/x").exists()
    assert not (parent.folder / "reports/a").exists()
    assert not [e for e in parent.events() if e["folder"] == str(parent.folder) and e["stage"].startswith("train")]


def test_a_task_whose_worker_dies_is_done_by_another(hosts: list[Toy], server: Server, tmp_path: Path) -> None:
    parent, first, second = hosts
    first.set("seconds", "train@a-x", "300")
    deploy(parent)
    before, before_it = known(server), known(server, "reproduce")
    with workers((parent, "cpu", "cpu-1"), (first, "gpu", "gpu-1"), log=tmp_path) as (_, doomed):
        assert parent.flows("trigger", "nightly", "a", "--no-wait").returncode == 0
        until(lambda: any(e["stage"] == "train@a-x" for e in parent.events()), 180, "the training began")
        training = next(e["pid"] for e in parent.events() if e["stage"] == "train@a-x")
        kill_tree(doomed)
        until(lambda: not psutil.pid_exists(training), 15, "the training has ended with its worker")
        with workers((second, "gpu", "gpu-2"), log=tmp_path):
            run = ended(server, "nightly", 300, before)
    log = server.log_of(flow_run_id={"any_": [run["id"]]})
    assert run["state"]["type"] == "COMPLETED", log
    where = {e["folder"] for e in parent.events() if e["event"] == "ended" and e["stage"].startswith("train")}
    assert str(second.folder) in where
    crashed = [r for r in server.runs_of("reproduce") if r["state"]["type"] == "CRASHED" and r["id"] not in before_it]
    assert len(crashed) == 1
    assert "no sign of life" in crashed[0]["state"]["message"]
    assert (parent.folder / "reports/a").exists()


def test_a_cancelled_run_ends_its_stages(toy: Toy, server: Server, tmp_path: Path) -> None:
    toy.set("seconds", "train@a-x", "300")
    deploy(toy)
    with workers((toy, "gpu", "gpu-1"), log=tmp_path):
        assert toy.flows("trigger", "reproduce", "train@a-x", "--no-wait").returncode == 0
        until(lambda: any(e["stage"] == "train@a-x" for e in toy.events()), 180, "the training began")
        training = toy.events()[-1]["pid"]
        run = server.runs_of("reproduce")[0]
        server.cancel(run["id"])
        until(lambda: not psutil.pid_exists(training), 40, "the training has ended")
        until(lambda: server.runs_of("reproduce")[0]["state"]["type"] == "CANCELLED", 30, "the run counts as cancelled")
    toy.unset("seconds", "train@a-x")
    toy.dvc("repro", "train@a-x")


def test_one_folder_and_no_remote_will_do(toy: Toy, server: Server, tmp_path: Path) -> None:
    deploy(toy)
    with workers((toy, "cpu", "cpu-1"), (toy, "gpu", "gpu-1"), (toy, "gpu", "gpu-2"), log=tmp_path):
        done = toy.flows("trigger", "nightly")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(toy.ran()) == len(set(toy.ran())) == EVERY_STAGE
    assert "shares the workspace" in "".join((tmp_path / f"gpu-{n}.log").read_text() for n in (1, 2))


def test_other_folders_and_no_remote_is_a_clear_failure(toy: Toy, server: Server, tmp_path: Path) -> None:
    deploy(toy)
    other = toy.clone(tmp_path / "other")
    with workers((toy, "cpu", "cpu-1"), (other, "gpu", "gpu-1"), log=tmp_path):
        done = toy.flows("trigger", "nightly", "a")
    assert done.returncode == 1
    assert "no DVC remote is configured" in done.stdout
    assert toy.ran() == []


def test_a_worker_with_other_code_is_refused(hosts: list[Toy], server: Server, tmp_path: Path) -> None:
    parent, first, _ = hosts
    (first.folder / "params.yaml").write_text("tasks: []\n")
    deploy(parent)
    with workers((parent, "cpu", "cpu-1"), (first, "gpu", "gpu-1"), log=tmp_path):
        done = parent.flows("trigger", "nightly", "a")
    assert done.returncode == 1
    assert "bring both to the same state" in done.stdout
    assert parent.ran() == []


def test_an_unreachable_remote_is_tried_again_and_told_in_one_sentence(
    hosts: list[Toy], server: Server, tmp_path: Path
) -> None:
    parent = hosts[0]
    (tmp_path / "file").write_text("no folder")
    assert parent.flows("run", "collect@a").returncode == 0  # something to send
    parent.dvc("remote", "modify", "--local", "depot", "url", str(tmp_path / "file" / "remote"))
    deploy(parent)
    with workers((parent, "cpu", "cpu-1"), log=tmp_path):
        done = parent.flows("trigger", "nightly", "a")
    assert done.returncode == 1
    assert "does not work (push)" in done.stdout
    assert "Not a directory" in done.stdout
    run = server.runs_of("nightly")[0]
    transfer = next(iter(server.stages_of(run["id"]).values()))
    assert transfer["run_count"] == 4


def test_the_nights_and_weeks_to_come_are_planned_by_the_clock_of_istanbul(toy: Toy, server: Server) -> None:
    deploy(toy)
    for name, shown, when, days in (("nightly", "%H:%M", "02:00", 1), ("weekly-full", "%a %H:%M", "Sun 08:00", 7)):

        def planned(name: str = name) -> list[Any]:
            runs = server.ask("flow_runs", deployments={"name": {"any_": [name]}})
            return [run for run in runs if run["auto_scheduled"] and run["state"]["type"] == "SCHEDULED"]

        runs = until(planned, 60, f"runs of {name} are planned")
        starts = sorted(datetime.datetime.fromisoformat(run["expected_start_time"]) for run in runs)
        assert {start.astimezone(ZoneInfo("Europe/Istanbul")).strftime(shown) for start in starts} == {when}
        assert {later - earlier for earlier, later in pairwise(starts)} == {datetime.timedelta(days=days)}


@pytest.mark.graph
def test_a_due_schedule_brings_the_real_graph_to_its_report(server: Server, tmp_path: Path) -> None:
    """The real graph in the tiny profile, two models of each task: two clones train, the parent's has the site."""
    project = tmp_path / "project"
    project.mkdir()
    copy_project(project)
    use_tiny_profile(project)
    subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qam", "tiny"],
        cwd=project,
        check=True,
    )
    origin = Toy(project, tmp_path / "diary", server.settings)
    parent, first, second = hosts = [origin.clone(tmp_path / name) for name in ("parent", "first", "second")]
    share(tmp_path / "remote", *hosts)
    yaml = YAML()
    described = yaml.load(parent.folder / "prefect.yaml")
    nightly = next(item for item in described["deployments"] if item["name"] == "nightly")
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=20)
    nightly["schedules"] = [{"interval": 86400, "anchor_date": soon.isoformat(), "timezone": "UTC"}]
    yaml.dump(described, parent.folder / "prefect.yaml")
    before = known(server)
    deploy(parent)
    with workers((parent, "cpu", "cpu-1"), (first, "gpu", "gpu-1"), (second, "gpu", "gpu-2"), log=tmp_path):
        run = ended(server, "nightly", 1800, before)
    log = "".join(path.read_text() for path in tmp_path.glob("*.log"))
    assert run["state"]["type"] == "COMPLETED", log
    assert run["auto_scheduled"]
    assert (parent.folder / "reports/index.html").exists()
    assert (parent.folder / "reports/finance/index.html").exists()
    assert parent.dvc("status").strip() == "Data and pipelines are up to date."

    elsewhere = [r for r in server.runs_of("reproduce") if r["start_time"] and r["start_time"] > run["start_time"]]
    ran: dict[str, int] = {}
    for sub in elsewhere:
        for name, task in server.stages_of(sub["id"]).items():
            if task["state"]["name"] == "Ran":
                ran[name] = ran.get(name, 0) + 1
    trained = {name: count for name, count in ran.items() if name.startswith("train@")}
    here = {name: task["state"]["name"] for name, task in server.stages_of(run["id"]).items()}
    assert {name for name in here if name.startswith("train@")} == set(trained)
    assert set(trained.values()) == {1}
    assert {
        state
        for name, state in here.items()
        if name.split("@")[0] in ("collect", "prepare", "validate", "baselines", "train", "evaluate", "compare")
    } == {"Restored"}
    for model in (parent.folder / "artifacts/models/finance").iterdir():
        made = [toy for toy in (first, second) if (toy.folder / "artifacts/models/finance" / model.name).exists()]
        assert len(made) == 1, f"finance/{model.name} was made by {len(made)} workers"
    assert "Traceback" not in log
