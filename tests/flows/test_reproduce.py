"""`python -m flows run` on a toy graph: real DVC and Prefect, stages that take no time."""

import itertools
import json
import os
import re
import signal
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from tests.flows.conftest import Flows, Server, Toy, until

STAGES = 12


def spans(toy: Toy) -> dict[str, tuple[float, float]]:
    """When each stage began and ended."""
    began = {event["stage"]: event["at"] for event in toy.events() if event["event"] == "began"}
    return {event["stage"]: (began[event["stage"]], event["at"]) for event in toy.events() if event["event"] == "ended"}


def overlap(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def planned(dry_run: str) -> dict[str, str]:
    """The plan that `--dry` prints, by stage."""
    return {line.split()[0]: line.split(None, 1)[1] for line in dry_run.splitlines() if " runs" in line}


def test_run_brings_the_whole_graph_up_to_date_in_parallel(toy: Toy, server: Server, run_flows: Flows) -> None:
    for stage in ("train@a-x", "train@b-y"):
        toy.set("seconds", stage, "4")
    done = run_flows(toy, "run", "--jobs", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(toy.ran()) == sorted(set(toy.ran()))
    assert len(toy.ran()) == STAGES
    ran = spans(toy)
    assert [(one, other) for one in ran for other in ran if one < other and overlap(ran[one], ran[other])]
    for task in ("a", "b"):
        trainings = [f"train@{task}-x", f"train@{task}-y"]
        chain = [["code"], [f"collect@{task}"], trainings, [f"compare@{task}"], [f"report@{task}"], ["site"]]
        for earlier, later in itertools.pairwise(chain):
            assert max(ran[stage][1] for stage in earlier) <= min(ran[stage][0] for stage in later)
    assert "train@a-x at work" in done.stdout
    assert f"{STAGES} ran" in done.stdout
    assert toy.is_up_to_date()

    run = server.runs_of("reproduce")[0]
    assert run["state"]["name"] == "Completed"
    stages = server.stages_of(run["id"])
    assert len(stages) == STAGES
    assert {task_run["state"]["name"] for task_run in stages.values()} == {"Ran"}
    training = stages["train@a-x"]
    assert sorted(training["tags"]) == ["a", "train", "x"]
    assert training["state"]["message"] == "never ran here"
    upstream = {parent["id"] for parents in training["task_inputs"].values() for parent in parents}
    assert stages["collect@a"]["id"] in upstream
    until(
        lambda: "train@a-x at work" in server.log_of(task_run_id={"any_": [training["id"]]}),
        20,
        "the stage's lines are on the server",
    )
    artifacts = {a["key"]: a for a in server.ask("artifacts", flow_runs={"id": {"any_": [run["id"]]}})}
    assert set(artifacts) == {"stages", "metrics", "report"}
    assert "train@a-x" in artifacts["stages"]["data"]
    metrics = json.loads(artifacts["metrics"]["data"])
    assert {"of": "a/comparison", "metric": "loss", "mean": 0.5, "std": 0.25} in metrics
    assert "reports/index.html" in artifacts["report"]["data"]


def test_run_without_changes_runs_nothing(done_toy: Toy, server: Server, run_flows: Flows) -> None:
    done = run_flows(done_toy, "run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done_toy.ran() == []
    assert f"{STAGES} cached" in done.stdout
    states = server.stages_of(server.runs_of("reproduce")[0]["id"])
    assert {task_run["state"]["name"] for task_run in states.values()} == {"Cached"}
    assert len(states) == STAGES


def test_run_of_targets_runs_only_what_they_need(toy: Toy, run_flows: Flows) -> None:
    assert run_flows(toy, "run", "train@a-x", "collect").returncode == 0
    assert sorted(toy.ran()) == ["code", "collect@a", "collect@b", "train@a-x"]


def test_run_after_a_comment_runs_only_code(done_toy: Toy, run_flows: Flows) -> None:
    done_toy.write_source("train", "# The same constant.\nCONSTANT = 1\n")
    dry = run_flows(done_toy, "run", "--dry")
    assert dry.returncode == 0
    assert planned(dry.stdout) == {}
    assert f"0 of {STAGES} stages are out of date, 0 may follow" in dry.stdout
    assert done_toy.ran() == ["code"]

    done_toy.write_source("train", "# The same constant again.\nCONSTANT = 1\n")
    done = run_flows(done_toy, "run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done_toy.ran() == ["code", "code"]
    assert f"1 ran, {STAGES - 1} cached" in done.stdout
    assert re.search(r"^code +ran +[\d.]+ +source modified", done.stdout, re.MULTILINE)


def test_run_after_a_change_of_code_runs_what_dry_announced(done_toy: Toy, run_flows: Flows) -> None:
    done_toy.write_source("compare", "CONSTANT = 2\n")
    dry = run_flows(done_toy, "run", "--dry")
    assert planned(dry.stdout) == {
        **{f"compare@{task}": f"runs: artifacts/code/compare/{task}.json modified" for task in ("a", "b")},
        **{f"report@{task}": "runs if the outputs that it needs change" for task in ("a", "b")},
        "site": "runs if the outputs that it needs change",
    }
    assert f"2 of {STAGES} stages are out of date, 3 may follow" in dry.stdout
    done = run_flows(done_toy, "run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(done_toy.ran()) == ["code", "compare@a", "compare@b"]  # whose outputs are the same as before
    assert done_toy.is_up_to_date()


def test_run_with_unreadable_code_ends_with_its_error(done_toy: Toy, run_flows: Flows) -> None:
    done_toy.set("broken", "code")
    done_toy.write_source("train", "CONSTANT = 2\n")
    for command in (["run"], ["run", "--dry"]):
        done = run_flows(done_toy, *command)
        assert done.returncode == 1
        assert "code: code.csv, line 3: broken on purpose [/x]; mend it" in done.stdout + done.stderr
        assert done_toy.ran() == []


def test_run_of_a_graph_without_code_stage_works(toy: Toy, run_flows: Flows) -> None:
    lines = (toy.folder / "dvc.yaml").read_text().splitlines()
    start, end = lines.index("  code:"), lines.index("  collect:")
    graph = re.sub(r'"artifacts/code/[^"]*", ', "", "\n".join(lines[:start] + lines[end:]))
    assert "artifacts/code" not in graph
    (toy.folder / "dvc.yaml").write_text(graph)
    done = run_flows(toy, "run", "compare@a")
    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(toy.ran()) == ["collect@a", "compare@a", "train@a-x", "train@a-y"]


def test_run_takes_outputs_of_the_same_inputs_from_the_cache(done_toy: Toy, run_flows: Flows) -> None:
    (done_toy.folder / "word").write_text("twice")
    done = run_flows(done_toy, "run", "compare@a")
    assert sorted(done_toy.ran()) == ["collect@a", "compare@a", "train@a-x", "train@a-y"]
    assert "word modified" in done.stdout
    assert "upstream changed: collect@a" in done.stdout
    done_toy.clear_diary()
    (done_toy.folder / "word").write_text("once")
    done = run_flows(done_toy, "run", "compare@a")
    assert done_toy.ran() == []
    assert "5 cached" in done.stdout


def test_run_after_a_failure_skips_only_what_needs_the_stage(toy: Toy, server: Server, run_flows: Flows) -> None:
    toy.set("broken", "train@a-y")
    done = run_flows(toy, "run", "report@a", "train@b-x")
    assert done.returncode == 1
    assert sorted(toy.ran()) == ["code", "collect@a", "collect@b", "train@a-x", "train@b-x"]
    assert "5 ran, 1 failed, 2 skipped" in done.stdout
    run = server.runs_of("reproduce")[0]
    assert run["state"]["type"] == "FAILED"
    assert run["state"]["message"].startswith("train@a-y: train@a-y.csv, line 3: broken on purpose [/x]; mend it")
    states = {name: task_run["state"]["name"] for name, task_run in server.stages_of(run["id"]).items()}
    assert states["train@a-y"] == "Failed"
    assert states["compare@a"] == states["report@a"] == "Skipped"

    toy.clear_diary()
    toy.unset("broken", "train@a-y")
    assert run_flows(toy, "run", "report@a").returncode == 0
    assert sorted(toy.ran()) == ["compare@a", "report@a", "train@a-y"]


def test_run_without_keep_going_starts_nothing_after_a_failure(toy: Toy, run_flows: Flows) -> None:
    toy.set("broken", "collect@a")
    toy.set("seconds", "collect@b", "3")
    assert run_flows(toy, "run", "--no-keep-going").returncode == 1
    assert toy.ran() == ["code", "collect@b"]  # which was already running


def test_run_dry_runs_no_stage_but_code(toy: Toy, run_flows: Flows) -> None:
    dry = run_flows(toy, "run", "--dry")
    assert dry.returncode == 0
    assert f"11 of {STAGES} stages are out of date" in dry.stdout
    assert toy.ran() == ["code"]


def test_run_force_runs_unchanged_stages(done_toy: Toy, run_flows: Flows) -> None:
    assert run_flows(done_toy, "run", "--force", "train@a-x").returncode == 0
    assert done_toy.ran() == ["collect@a", "train@a-x"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run", "nonsense"], "'nonsense' does not exist"),
        (["run", "--jobs", "0"], "not a positive whole number"),
        (["run", "--jobs", "many"], "not a positive whole number"),
        (["nothing"], "invalid choice"),
        (["worker", "tpu"], "invalid choice"),
    ],
)
def test_flows_wrong_usage_ends_with_status_two(
    toy: Toy, run_flows: Flows, arguments: list[str], sentence: str
) -> None:
    done = run_flows(toy, *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr


@pytest.mark.parametrize("target", [[], ["collect@a"]])
def test_run_of_a_broken_graph_ends_with_one_sentence(toy: Toy, run_flows: Flows, target: list[str]) -> None:
    (toy.folder / "dvc.yaml").write_text("stages: [")
    done = run_flows(toy, "run", *target)
    assert done.returncode == 1  # not 2: a broken graph is not wrong usage, whatever the target
    assert "dvc.yaml" in done.stdout


def test_run_without_its_server_ends_with_one_sentence(toy: Toy) -> None:
    """In its own process: what asks DVC in the background ends with it, and would go on in the folder of the tests."""
    address = "http://127.0.0.1:9/api"
    done = replace(toy, settings={**toy.settings, "PREFECT_API_URL": address}).flows("run")
    assert done.returncode == 1
    assert f"{address} does not answer" in done.stderr


def without_server(toy: Toy, home: Path) -> Toy:
    return replace(toy, settings={"TOY_DIARY": str(toy.diary), "PREFECT_HOME": str(home)})


def test_run_needs_no_server(toy: Toy, prefect_home: Path) -> None:
    done = without_server(toy, prefect_home).flows("run", "collect@a")
    assert done.returncode == 0, done.stdout + done.stderr
    assert toy.ran() == ["code", "collect@a"]
    assert "Traceback" not in done.stdout + done.stderr
    assert "ERROR" not in done.stderr


def test_run_leaves_no_temporary_server_when_killed(toy: Toy, prefect_home: Path, tmp_path: Path) -> None:
    def servers() -> list[psutil.Process]:
        processes = psutil.process_iter(["cmdline", "environ"])
        own = [p for p in processes if (p.info["environ"] or {}).get("PREFECT_HOME") == str(prefect_home)]
        return [process for process in own if "uvicorn" in (process.info["cmdline"] or [])]

    toy.set("seconds", "collect@a", "120")
    with without_server(toy, prefect_home).start("run", "collect@a", log=tmp_path / "log") as run:
        until(lambda: toy.has_started("collect@a"), 120, "the stage began")
        assert servers()
        os.kill(run.pid, signal.SIGKILL)
    until(lambda: not servers(), 15, "the server has ended")


def is_running(toy: Toy, stage: str) -> bool:
    pids = {event["pid"] for event in toy.events() if event["stage"] == stage}
    processes = psutil.process_iter(["pid", "status"])
    return any(p.info["pid"] in pids and p.info["status"] != psutil.STATUS_ZOMBIE for p in processes)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_run_ends_its_stages_when_it_is_killed(toy: Toy, tmp_path: Path, how: int) -> None:
    toy.set("seconds", "train@a-x", "240")
    log = tmp_path / "log"
    with toy.start("run", "train@a-x", "train@a-y", log=log) as run:
        until(lambda: toy.has_started("train@a-x"), 120, "the training began")
        until(lambda: re.search(r"train@a-y .* ran in", log.read_text()), 120, "the other one ended, as DVC knows")
        os.kill(run.pid, how)
        run.wait(30)
    until(lambda: not is_running(toy, "train@a-x"), 15, "the training has ended")
    assert "Traceback" not in log.read_text()
    if how != signal.SIGKILL:
        assert run.returncode == 130
        assert "the same command continues" in log.read_text()
    toy.unset("seconds", "train@a-x")
    toy.clear_diary()
    toy.dvc("repro", "train@a-x", "train@a-y")
    assert toy.ran() == ["train@a-x"]


def test_run_twice_at_once_in_a_workspace_does_the_work_once(toy: Toy, tmp_path: Path) -> None:
    toy.set("seconds", "train@a-x", "12")
    logs = tmp_path / "one", tmp_path / "two"
    with toy.start("run", "train@a-x", log=logs[0]) as one, toy.start("run", "train@a-x", log=logs[1]) as two:
        assert one.wait(180) == 0, logs[0].read_text()
        assert two.wait(180) == 0, logs[1].read_text()
    assert toy.ran().count("train@a-x") == 1
    assert toy.ran().count("code") == 1
    assert "locked by another run in this workspace" in logs[0].read_text() + logs[1].read_text()
    assert toy.dvc("status", "train@a-x").strip() == "Data and pipelines are up to date."
