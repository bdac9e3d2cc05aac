"""`gatehouse sweep` of a small task of the real graph, on this host and on a worker, with a real server."""

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from flows import sweep
from pipelines.errors import UserError
from pipelines.sweeps import Fitted, Point, Result, Sweep
from tests.conftest import copy_project, use_tiny_profile
from tests.flows.conftest import Flows, Server, Toy, made_once
from tests.flows.test_nightly import use_remote, workers

GRID = ("--units", "2,4", "--learning-rate", "0.01", "--cells", "lstm,gru", "--seeds", "1")


@pytest.fixture
def project(tmp_path_factory: pytest.TempPathFactory, server: Server, tmp_path: Path) -> Toy:
    """The real project in the tiny profile, with one series and its data validated."""

    def make(folder: Path) -> None:
        root = copy_project(folder / "toy")
        use_tiny_profile(root)
        text = (root / "params.yaml").read_text()
        assert "samples: [co2, sunspots]" in text
        (root / "params.yaml").write_text(text.replace("samples: [co2, sunspots]", "samples: [co2]"))
        template = Toy(root, folder / "diary", {})
        template.dvc("repro", "validate@timeseries")
        template.commit()

    folder = made_once(tmp_path_factory, "validated", make)
    return Toy(folder / "toy", folder / "diary", {}).copy(tmp_path / "toy").using(tmp_path / "diary", server)


def stored(project: Toy) -> Sweep:
    return Sweep.model_validate_json((project.folder / "sweeps/timeseries.json").read_text())


@pytest.mark.graph
def test_sweep_fits_every_point_once_and_by_validation_alone(project: Toy, server: Server, run_flows: Flows) -> None:
    done = run_flows(project, "sweep", "timeseries", *GRID, "--jobs", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    found = stored(project)
    assert {result.point.name for result in found.results} == {
        f"{cell}-{n}-0.01" for cell in ("lstm", "gru") for n in (2, 4)
    }
    for result in found.results:
        assert list(result.targets) == ["co2"]
        assert len(result.targets["co2"].valid_loss) == 1
    run = server.runs_of("sweep")[0]
    assert run["state"]["type"] == "COMPLETED"
    points = {name: of for name, of in server.stages_of(run["id"]).items() if "co2" not in name and "@" not in name}
    assert points.keys() >= {result.point.name for result in found.results}
    spans = sorted(
        (of["start_time"], of["end_time"]) for name, of in points.items() if name.startswith(("lstm", "gru"))
    )
    assert any(other[0] < one[1] for one, other in pairwise(spans)), "side by side"
    assert not (project.folder / "metrics").exists(), "nothing is tested"

    (
        project.folder / "sweeps/timeseries.json"
    ).unlink()  # as after a sweep that was killed: the points have left their results
    again = run_flows(project, "sweep", "timeseries", *GRID)
    assert again.returncode == 0
    assert "0 points to fit, 4 done before" in again.stdout
    assert stored(project) == found


@pytest.mark.graph
def test_sweep_over_workers_brings_the_results_here(
    project: Toy, deployed: None, server: Server, tmp_path: Path, run_flows: Flows
) -> None:
    other = project.clone(tmp_path / "other")
    use_remote(tmp_path / "remote", project, other)
    grid = (*GRID[:1], "2", *GRID[2:4], "--cells", "gru", *GRID[6:])
    with workers((other, "gpu", "gpu-1"), log=tmp_path):
        done = run_flows(project, "sweep", "timeseries", *grid, "--workers")
    log = (tmp_path / "gpu-1.log").read_text()
    assert done.returncode == 0, done.stdout + done.stderr + log
    (result,) = stored(project).results
    assert result.point.name == "gru-2-0.01"
    assert not (project.folder / ".work/sweeps").exists(), "it was fitted on the worker"
    assert list((other.folder / ".work/sweeps").rglob("gru-2-0.01.json"))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["sweep"], "TASK"),
        (["sweep", "nothing"], "there is no task 'nothing'"),
        (["sweep", "timeseries", "--cells", "transformer"], "there is no cell 'transformer'"),
        (["sweep", "timeseries", "--model", "nothing"], "has no model 'nothing'"),
        (["sweep", "timeseries", "--units", "0"], "'0' is not a whole number from 1 to 8192"),
        (["sweep", "timeseries", "--learning-rate", "1e-3,,2"], "'' is not a number above zero"),
        (["sweep", "timeseries", "--learning-rate", "nan"], "'nan' is not a number above zero"),
        (["sweep", "timeseries", "--jobs", "0"], "not a positive whole number"),
    ],
)
def test_sweep_wrong_usage_ends_with_status_two(toy: Toy, run_flows: Flows, words: list[str], sentence: str) -> None:
    done = run_flows(toy, *words)
    assert done.returncode == 2
    assert sentence in done.stderr


@pytest.mark.graph
def test_sweep_over_workers_without_a_deployment_names_the_command(
    project: Toy, run_flows: Flows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "DEPLOYMENT", "trial/none")
    done = run_flows(project, "sweep", "timeseries", *GRID, "--workers")
    assert done.returncode == 1
    assert "there is no deployment trial/none: create it with `gatehouse deploy`" in done.stdout


# What a worker hands over is the word of another host.


POINT = Point(cell="gru", units=2, learning_rate=0.01)
SWEEP = Sweep(
    task="timeseries", model="lstm", seeds=(1,), cells=("gru",), units=(2,), learning_rates=(0.01,), fingerprint="f"
)


def handed_over(change: Callable[[dict[str, Any]], Any]) -> str:
    fitted = {"co2": Fitted(valid_loss=(0.5,), best_epoch=(1,))}
    result = Result(point=POINT, overrides={}, parameters=1, seconds=1.0, targets=fitted)
    data = {"fingerprint": "f", "result": result.model_dump(mode="json")}
    change(data)
    return json.dumps(data)


def test_sweep_takes_the_result_that_it_sent_for() -> None:
    assert sweep._checked(handed_over(lambda data: None), SWEEP, POINT).point == POINT


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda data: data.update(fingerprint="g"), "with other code, data or parameters"),
        (lambda data: data["result"]["point"].update(units=3), "another point"),
        (lambda data: data["result"].update(path="../../x"), "cannot be read"),
        (lambda data: data["result"]["targets"]["co2"].update(valid_loss=["nan"]), "cannot be read"),
        (lambda data: data["result"]["targets"].update(co2={}), "cannot be read"),
    ],
)
def test_sweep_refuses_what_it_did_not_ask_for(change: Callable[[dict[str, Any]], Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        sweep._checked(handed_over(change), SWEEP, POINT)
