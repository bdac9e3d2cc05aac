"""The whole graph, run for real by `dvc repro` in the tiny profile."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipelines import registry
from tests.conftest import copy_project, run, use_tiny_profile

pytestmark = pytest.mark.graph


def stages_run(output: str) -> list[str]:
    return [line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")]


def scores(project: Path) -> dict[str, object]:
    """The content of the metrics files except time and memory."""
    found = {}
    for path in sorted((project / "metrics").rglob("*.json")):
        content = json.loads(path.read_text())
        content.pop("cost", None)
        found[path.relative_to(project).as_posix()] = content
    return found


@pytest.fixture
def restored(tiny: Path, tmp_path: Path) -> Path:
    """A copy of the finished tiny project that a test may change."""
    destination = tmp_path / "project"
    subprocess.run(["cp", "-a", str(tiny), str(destination)], check=True)
    return destination


def test_dvc_repro_writes_metrics_and_pages_for_every_task(tiny: Path) -> None:
    for task in registry.TASKS:
        assert (tiny / "metrics" / task.name / "comparison.json").exists()
        assert (tiny / "reports" / "tasks" / task.name / "index.html").exists()
    assert (tiny / "reports" / "index.html").exists()


def test_dvc_repro_leaves_no_partial_files(tiny: Path) -> None:
    assert not list(tiny.rglob("*.partial"))
    assert not list((tiny / ".work").rglob("*.npz"))


def test_dvc_repro_a_second_time_runs_nothing(tiny: Path) -> None:
    assert list((tiny / "pipelines").rglob("*.pyc")), "without byte code in the folders this test proves too little"
    done = run(tiny, "dvc", "repro")
    assert done.returncode == 0
    assert stages_run(done.stdout) == []


def test_dvc_metrics_plots_and_params_are_shown(restored: Path) -> None:
    shown = run(restored, "dvc", "metrics", "show", "--json")
    assert shown.returncode == 0, shown.stderr
    assert "metrics/finance/lstm_gru.json" in shown.stdout
    assert run(restored, "dvc", "metrics", "diff").returncode == 0
    assert run(restored, "dvc", "plots", "show", "--json").returncode == 0
    assert run(restored, "dvc", "params", "diff").returncode == 0


def changed(project: Path) -> set[str]:
    """The stages that are out of date once `code` is up to date."""
    done = run(project, "dvc", "repro", "--single-item", "code")
    assert done.returncode == 0, done.stderr
    status = run(project, "dvc", "status", "--json")
    assert status.returncode == 0, status.stderr
    return set(json.loads(status.stdout))


def edit(project: Path, file: str, old: str, new: str) -> None:
    path = project / "pipelines" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_dvc_repro_after_edits_without_effect_runs_only_code(restored: Path) -> None:
    edit(restored, "nn/training.py", "LONGEST_CALL = 1000", "LONGEST_CALL = (\n    1000  # a comment\n)")
    edit(restored, "tasks/music/midi.py", '"""Playing time."""', '"""How long it plays."""')
    (restored / "pipelines" / "sources" / "attic.py").write_text("UNUSED = 1\n")
    assert changed(restored) == set()
    assert stages_run(run(restored, "dvc", "repro").stdout) == []


def test_release_in_another_process_writes_the_same_bytes(restored: Path) -> None:
    """Of the task that `dvc repro` has run: within a process TensorFlow counts its functions on."""
    folder = restored / "artifacts" / "releases" / "timeseries"
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    done = run(restored, sys.executable, "-m", "pipelines", "release", "timeseries")
    assert done.returncode == 0, done.stderr
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_dvc_artifacts_get_fetches_released_models_from_a_remote(restored: Path, tmp_path: Path) -> None:
    def succeeds(folder: Path, *command: str) -> None:
        done = run(folder, *command)
        assert done.returncode == 0, done.stdout + done.stderr

    user = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    succeeds(restored, "dvc", "remote", "add", "--default", "local", str(tmp_path / "remote"))
    succeeds(restored, "dvc", "push", "release@language")
    succeeds(restored, "git", "add", "-A")
    succeeds(restored, "git", *user, "commit", "-qm", "run")
    succeeds(restored, "git", *user, "tag", "-a", "language@v1.0.0", "-m", "released")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    succeeds(elsewhere, "dvc", "artifacts", "get", str(restored), "language", "--out", "models")
    kept = restored / "artifacts" / "releases" / "language"
    files = sorted(path.relative_to(kept) for path in kept.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(elsewhere / "models") for path in elsewhere.rglob("*") if path.is_file())
    assert all((kept / file).read_bytes() == (elsewhere / "models" / file).read_bytes() for file in files)


def test_dvc_status_lists_exactly_the_stages_that_use_the_edited_code(restored: Path) -> None:
    every_report = {"site", *(f"report@{task.name}" for task in registry.TASKS)}
    edit(restored, "report/templates/style.css", "margin: 0;", "margin: 1px;")
    assert changed(restored) == every_report
    edit(restored, "tasks/finance/score.py", "LEAST_VARIANCE = 1e-12", "LEAST_VARIANCE = 1e-13")
    models = ("lstm_gru", "gru")
    scored = {"baselines@finance", "compare@finance", *(f"evaluate@finance-{model}" for model in models)}
    assert changed(restored) == every_report | scored
    edit(restored, "tasks/language/prepare.py", "FEW = 10", "FEW = 11")
    assert changed(restored) == every_report | scored | {"prepare@language"}


def test_dvc_repro_refuses_a_model_that_runs_yaml_does_not_list(restored: Path) -> None:
    path = restored / "params.yaml"
    path.write_text(path.read_text().replace("    gru:\n", "    gru_again:\n", 1))
    done = run(restored, "dvc", "repro")
    assert done.returncode != 0
    assert (
        "runs.yaml: does not list the tasks and models of params.yaml; run `python -m pipelines runs`"
        in done.stdout + done.stderr
    )
    assert stages_run(done.stdout) == ["code"]


def test_train_refuses_a_mistyped_parameter(restored: Path) -> None:
    path = restored / "params.yaml"
    path.write_text(path.read_text().replace("patience:", "patiens:", 1))
    before = sorted(p for p in (restored / "artifacts").rglob("*"))
    done = run(restored, sys.executable, "-m", "pipelines", "train", "timeseries", "lstm")
    assert done.returncode == 1
    assert "timeseries.train.patiens is not a parameter; did you mean patience?" in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted((restored / "artifacts").rglob("*")) == before


def test_dvc_repro_with_broken_input_stops_only_its_task(restored: Path) -> None:
    """A price of zero among the user's files: finance stops with a sentence, time series continues."""
    prices = "Date,Open,High,Low,Close,Volume\n2020-01-02,1,2,0.5,0,9\n"
    (restored / "data" / "input" / "finance" / "broken.csv").write_text(prices)
    params = restored / "params.yaml"
    params.write_text(params.read_text().replace("max_gap: 20", "max_gap: 21"))
    done = run(restored, "dvc", "repro", "--keep-going")
    output = done.stdout + done.stderr
    assert done.returncode != 0
    assert "broken.csv, 2020-01-02: close is 0.0; prices are positive" in output
    assert "prepare@timeseries" in stages_run(done.stdout)
    assert "Traceback" not in output
    assert (restored / "metrics" / "finance" / "comparison.json").exists()


def test_dvc_repro_replaces_the_sample_by_the_files_in_the_input_folder(restored: Path) -> None:
    lines = [f"{2000 + month // 12}-{month % 12 + 1:02d}-01,{100 + month + month % 12}" for month in range(240)]
    folder = restored / "data" / "input" / "timeseries"
    (folder / "shop.csv").write_text("month,sales\n" + "\n".join(lines) + "\n")
    done = run(restored, "dvc", "repro", "report@timeseries")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    metrics = json.loads((restored / "metrics" / "timeseries" / "lstm.json").read_text())
    assert metrics["test"]["sales"]["mase"]["mean"] > 0
    page = (restored / "reports" / "tasks" / "timeseries" / "index.html").read_text()
    assert "data/input/timeseries/shop.csv, column sales" in page
    assert "Mauna Loa" not in page


def test_dvc_repro_resumed_after_dvc_was_killed_gives_the_same_metrics(tiny: Path, tmp_path: Path) -> None:
    project = copy_project(tmp_path / "killed")
    use_tiny_profile(project)
    # The data stages are restored from the finished project's cache, so that the kill comes in training.
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    target = "evaluate@timeseries-gru"
    process = subprocess.Popen(
        ["dvc", "repro", target],
        cwd=project, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    work = project / ".work" / "train" / "timeseries" / "gru"
    deadline = time.monotonic() + 120
    while not list(work.rglob("seed-2.npz")) and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.05)
    process.kill()  # alone: its stage would go on beside the one that is started below
    process.wait()
    assert list(work.rglob("seed-2.npz")), "the run ended before it could be killed in training"
    assert not (project / "artifacts" / "models" / "timeseries" / "gru").exists()

    done = run(project, "dvc", "repro", target)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "resuming from the checkpoints of the training that was interrupted" in done.stdout
    name = "metrics/timeseries/gru.json"
    assert scores(project)[name] == scores(tiny)[name]
