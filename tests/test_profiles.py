import shutil
from pathlib import Path

import pytest

from pipelines import params, profiles, registry, runs
from pipelines.errors import ParameterError, UsageError
from tests.conftest import ROOT


@pytest.fixture
def project(in_folder: Path) -> Path:
    shutil.copytree(ROOT / "profiles", in_folder / "profiles")
    return in_folder


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "profiles").glob("*.yaml")))
def test_profile_gives_valid_parameters_and_runs(project: Path, name: str) -> None:
    profiles.apply(name)
    runs.check()
    for task in registry.TASKS:
        assert task.params().models
    assert "# steps the network sees" in (project / "params.yaml").read_text(), "comments stay"


def test_profile_replaces_removes_and_adds_models(project: Path) -> None:
    (project / "profiles" / "own.yaml").write_text(
        "timeseries:\n  train: {epochs: 3}\n  models:\n    rnn: null\n"
        "    small: {recurrent: [{cell: gru, units: 2}], dense: [], dropout: 0.0}\n"
    )
    profiles.apply("own")
    block = registry.find("timeseries").params()
    assert block.train.epochs == 3
    assert "rnn" not in block.models
    assert "timeseries-small: {task: timeseries, model: small, match: small}" in (project / "runs.yaml").read_text()


def test_profile_with_an_unknown_key_is_refused(project: Path) -> None:
    (project / "profiles" / "own.yaml").write_text("timeseries: {train: {epoch: 3}}\n")
    before = (project / "params.yaml").read_bytes()
    with pytest.raises(ParameterError, match=r"own\.yaml: timeseries\.train\.epoch is not in params\.yaml"):
        profiles.apply("own")
    assert (project / "params.yaml").read_bytes() == before


def test_profile_that_gives_wrong_parameters_changes_nothing(project: Path) -> None:
    before = (project / "params.yaml").read_bytes()
    for text, message in (
        ("timeseries: {train: {epochs: -1}}", r"timeseries\.train\.epochs is -1"),
        (
            "timeseries: {models: {rnn: null, lstm: null, gru: null, bilstm: null, gru_matched: null}}",
            "models: is empty",
        ),
        ("timeseries: {models: {mars: null}}", r"own\.yaml: timeseries\.models\.mars is not in params\.yaml"),
        ("", r"own\.yaml: holds no block"),
        ("timeseries: [", r"own\.yaml, line \d: not valid YAML"),
    ):
        (project / "profiles" / "own.yaml").write_text(text)
        with pytest.raises(ParameterError, match=message):
            profiles.apply("own")
        assert (project / "params.yaml").read_bytes() == before


def test_profile_of_unknown_name_lists_the_known_ones(project: Path) -> None:
    with pytest.raises(UsageError, match="there is no profile 'huge'; there are full, quick, tiny"):
        profiles.apply("huge")


def test_runs_check_refuses_a_file_that_does_not_match_the_parameters(project: Path) -> None:
    runs.write()
    runs.check()
    assert runs.write() is False
    path = project / "params.yaml"
    path.write_text(path.read_text().replace("    gru_matched:", "    gru_of_equal_size:"))
    params.values.cache_clear()
    with pytest.raises(ParameterError, match=r"runs\.yaml: does not list the tasks and models of params\.yaml"):
        runs.check()
