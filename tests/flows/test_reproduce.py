"""`python -m flows run` on a toy graph: real DVC, real Prefect, stages that take no time."""

import itertools
import json
import os
import re
import signal
from pathlib import Path

import psutil
import pytest

from tests.flows.conftest import Server, Toy, until

STAGES = 11


def spans(toy: Toy) -> dict[str, tuple[float, float]]:
    began = {e["stage"]: e["at"] for e in toy.events() if e["event"] == "began"}
    return {e["stage"]: (began[e["stage"]], e["at"]) for e in toy.events() if e["event"] == "ended"}


def overlap(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def test_what_is_independent_runs_side_by_side_and_a_second_run_does_nothing(toy: Toy, server: Server) -> None:
    for stage in ("train@a-x", "train@b-y"):
        toy.set("seconds", stage, "4")
    done = toy.flows("run", "--jobs", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(toy.ran()) == sorted(set(toy.ran()))
    assert len(toy.ran()) == STAGES
    ran = spans(toy)
    pairs = [(one, other) for one in ran for other in ran if one < other and overlap(ran[one], ran[other])]
    assert pairs
    for task in ("a", "b"):
        trained = [f"train@{task}-x", f"train@{task}-y"]
        chain = [[f"collect@{task}"], trained, [f"compare@{task}"], [f"report@{task}"], ["site"]]
        for earlier, later in itertools.pairwise(chain):
            assert max(ran[stage][1] for stage in earlier) <= min(ran[stage][0] for stage in later)
    assert "train@a-x at work" in done.stdout
    assert f"{STAGES} ran" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert toy.dvc("status").strip() == "Data and pipelines are up to date."

    run = server.runs_of("reproduce")[0]
    assert run["state"]["name"] == "Completed"
    stages = server.stages_of(run["id"])
    assert len(stages) == STAGES
    assert {task["state"]["name"] for task in stages.values()} == {"Ran"}
    train = stages["train@a-x"]
    assert sorted(train["tags"]) == ["a", "train", "x"]
    assert train["state"]["message"] == "never ran here"
    upstream = {parent["id"] for parents in train["task_inputs"].values() for parent in parents}
    assert upstream == {stages["collect@a"]["id"]}
    until(
        lambda: "train@a-x at work" in server.log_of(task_run_id={"any_": [train["id"]]}),
        20,
        "the stage's lines on the server",
    )
    artifacts = {a["key"]: a for a in server.ask("artifacts", flow_runs={"id": {"any_": [run["id"]]}})}
    assert set(artifacts) == {"stages", "metrics", "report"}
    assert "train@a-x" in artifacts["stages"]["data"]
    metrics = json.loads(artifacts["metrics"]["data"])
    assert {"of": "a/comparison", "metric": "loss", "mean": 0.5, "std": 0.25} in metrics
    assert "reports/index.html" in artifacts["report"]["data"]

    toy.forget()
    again = toy.flows("run")
    assert again.returncode == 0
    assert toy.ran() == []
    assert f"{STAGES} cached" in again.stdout
    assert {t["state"]["name"] for t in server.stages_of(server.runs_of("reproduce")[0]["id"]).values()} == {"Cached"}


def test_only_what_a_target_needs_runs(toy: Toy) -> None:
    assert toy.flows("run", "train@a-x", "collect").returncode == 0
    assert sorted(toy.ran()) == ["collect@a", "collect@b", "train@a-x"]


def test_what_comes_out_the_same_as_before_is_not_run_on(toy: Toy) -> None:
    assert toy.flows("run").returncode == 0
    toy.forget()
    (toy.folder / "word").write_text("twice")
    done = toy.flows("run", "compare@a")
    assert sorted(toy.ran()) == ["collect@a", "compare@a", "train@a-x", "train@a-y"]
    assert "word modified" in done.stdout
    toy.forget()
    (toy.folder / "word").write_text("once")
    done = toy.flows("run", "compare@a")
    assert toy.ran() == []
    assert "4 cached" in done.stdout


def test_a_failure_stops_what_needs_it_and_nothing_else(toy: Toy, server: Server) -> None:
    toy.set("broken", "train@a-y")
    done = toy.flows("run")
    assert done.returncode == 1
    assert sorted(set(toy.ran())) == [
        "collect@a",
        "collect@b",
        "compare@b",
        "report@b",
        "train@a-x",
        "train@b-x",
        "train@b-y",
    ]
    assert "1 failed, 3 skipped" in done.stdout
    run = server.runs_of("reproduce")[0]
    assert run["state"]["type"] == "FAILED"
    assert run["state"]["message"].startswith("train@a-y: train@a-y.csv, line 3: broken on purpose [/x]; mend it")
    states = {name: task["state"]["name"] for name, task in server.stages_of(run["id"]).items()}
    assert states["train@a-y"] == "Failed"
    assert states["compare@a"] == states["report@a"] == states["site"] == "Skipped"

    toy.forget()
    toy.unset("broken", "train@a-y")
    assert toy.flows("run").returncode == 0
    assert sorted(toy.ran()) == ["compare@a", "report@a", "site", "train@a-y"]


def test_without_keep_going_nothing_new_is_started_after_a_failure(toy: Toy) -> None:
    toy.set("broken", "collect@a")
    toy.set("seconds", "collect@b", "3")
    assert toy.flows("run", "--no-keep-going").returncode == 1
    assert toy.ran() == ["collect@b"]  # was under way


def test_force_runs_all_and_dry_runs_nothing(toy: Toy) -> None:
    assert toy.flows("run", "train@a-x").returncode == 0
    toy.forget()
    dry = toy.flows("run", "--dry")
    assert dry.returncode == 0
    assert "9 of 11 stages are out of date" in dry.stdout
    assert toy.ran() == []
    assert toy.flows("run", "--force", "train@a-x").returncode == 0
    assert sorted(toy.ran()) == ["collect@a", "train@a-x"]


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["run", "nonsense"], 2, "'nonsense' does not exist"),
        (["run", "--jobs", "0"], 2, "not a whole number from 1 on"),
        (["run", "--jobs", "many"], 2, "not a whole number from 1 on"),
        (["nothing"], 2, "invalid choice"),
        (["worker", "tpu"], 2, "invalid choice"),
    ],
)
def test_wrong_usage_gets_a_sentence_and_status_two(toy: Toy, arguments: list[str], status: int, sentence: str) -> None:
    done = toy.flows(*arguments)
    assert done.returncode == status
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_broken_graph_is_told_in_one_sentence(toy: Toy) -> None:
    (toy.folder / "dvc.yaml").write_text("stages: [")
    done = toy.flows("run")
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert "dvc.yaml" in done.stdout
    assert toy.flows("run", "collect@a").returncode == 1, "a broken graph is no mistake of usage"


def test_a_server_that_does_not_answer_is_told_in_one_sentence(toy: Toy) -> None:
    done = Toy(toy.folder, toy.diary, {**toy.settings, "PREFECT_API_URL": "http://127.0.0.1:9/api"}).flows("run")
    assert done.returncode == 1
    assert "http://127.0.0.1:9/api does not answer" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_server_is_needed(toy: Toy, tmp_path: Path) -> None:
    settings = {"TOY_DIARY": str(toy.diary), "PREFECT_HOME": str(tmp_path / "home")}
    done = Toy(toy.folder, toy.diary, settings).flows("run", "collect@a")
    assert done.returncode == 0, done.stdout + done.stderr
    assert toy.ran() == ["collect@a"]
    assert "Traceback" not in done.stdout + done.stderr
    assert "ERROR" not in done.stderr


def test_a_temporary_server_does_not_outlive_a_killed_run(toy: Toy, tmp_path: Path) -> None:
    settings = {"TOY_DIARY": str(toy.diary), "PREFECT_HOME": str(tmp_path / "home")}

    def servers() -> list[psutil.Process]:
        asked = psutil.process_iter(["cmdline", "environ"])
        mine = [p for p in asked if (p.info["environ"] or {}).get("PREFECT_HOME") == settings["PREFECT_HOME"]]
        return [process for process in mine if "uvicorn" in (process.info["cmdline"] or [])]

    toy.set("seconds", "collect@a", "60")
    with Toy(toy.folder, toy.diary, settings).start("run", "collect@a", log=tmp_path / "log") as run:
        until(lambda: any(e["stage"] == "collect@a" for e in toy.events()), 60, "the stage began")
        assert servers()
        os.kill(run.pid, signal.SIGKILL)
    until(lambda: not servers(), 15, "the server has ended")


def alive(toy: Toy, stage: str) -> bool:
    pids = {e["pid"] for e in toy.events() if e["stage"] == stage}
    there = psutil.process_iter(["pid", "status"])
    return any(process.info["pid"] in pids and process.info["status"] != psutil.STATUS_ZOMBIE for process in there)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_a_run_ends_its_stages_end_with_it_and_the_next_run_continues(
    toy: Toy, tmp_path: Path, how: int
) -> None:
    toy.set("seconds", "train@a-x", "120")
    log = tmp_path / "log"
    with toy.start("run", "train@a-x", "train@a-y", log=log) as run:
        until(lambda: any(e["stage"] == "train@a-x" for e in toy.events()), 60, "the training began")
        until(lambda: re.search(r"train@a-y .* ran after", log.read_text()), 60, "the other one ended, as DVC knows")
        os.kill(run.pid, how)
        run.wait(30)
    until(lambda: not alive(toy, "train@a-x"), 15, "the training has ended")
    assert "Traceback" not in log.read_text()
    if how != signal.SIGKILL:
        assert run.returncode == 130
        assert "the same command continues" in log.read_text()
    toy.unset("seconds", "train@a-x")
    toy.forget()
    toy.dvc("repro", "train@a-x", "train@a-y")
    assert toy.ran() == ["train@a-x"]


def test_two_runs_of_the_same_stages_in_one_workspace_do_the_work_once(toy: Toy, tmp_path: Path) -> None:
    toy.set("seconds", "train@a-x", "12")
    with (
        toy.start("run", "train@a-x", log=tmp_path / "one") as one,
        toy.start("run", "train@a-x", log=tmp_path / "two") as two,
    ):
        assert one.wait(90) == 0, (tmp_path / "one").read_text()
        assert two.wait(90) == 0, (tmp_path / "two").read_text()
    assert toy.ran().count("train@a-x") == 1
    assert (
        "another run in this workspace has it in hand"
        in (tmp_path / "one").read_text() + (tmp_path / "two").read_text()
    )
    assert toy.dvc("status", "train@a-x").strip() == "Data and pipelines are up to date."
