import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from pipelines import params
from pipelines.errors import ParameterError


def _replace(folder: Path, old: str, new: str) -> None:
    path = folder / "params.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_the_default_file_is_valid_and_frozen(in_folder: Path) -> None:
    loaded = params.load()
    with pytest.raises(ValidationError):
        loaded.timeseries.training.epochs = 3


def test_an_unknown_key_is_named_with_its_full_path_and_what_is_allowed(in_folder: Path) -> None:
    _replace(in_folder, "    learning_rate:", "    learning_rat:")
    with pytest.raises(
        ParameterError,
        match=r"timeseries\.training\.learning_rat is not a parameter; did you mean learning_rate\? .*epochs",
    ):
        params.load()


def test_an_unknown_key_inside_a_models_layer_is_named(in_folder: Path) -> None:
    _replace(in_folder, "{cell: lstm, units: 50}", "{cell: lstm, unit: 50}")
    with pytest.raises(
        ParameterError, match=r"timeseries\.models\.lstm\.recurrent\.0\.unit is not .* did you mean units"
    ):
        params.load()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    epochs: 20", "    epochs: many", r"timeseries\.training\.epochs is 'many'; .*integer"),
        ("    epochs: 20", "    epochs: -1", r"timeseries\.training\.epochs is -1; .*greater than 0"),
        (
            "cell: simple_rnn",
            "cell: transformer",
            r"cell is 'transformer'; .*'simple_rnn', 'lstm', 'gru', 'vanilla', .* or 'mut3'",
        ),
        ("seeds: [1, 2, 3]", "seeds: [1, 1]", r"timeseries\.training: seeds must all differ"),
        ("co2: 1,", "co2: 3,", r"difference\.co2 is 3, less than the horizon"),
        ("default: 36}", "other: 36}", r"timeseries\.data: lookback must name a default"),
        ('test_start: "2015-01-01"', 'test_start: "2001-01-01"', r"valid_start must lie before test_start"),
        ("model: bilstm}", "model: bigru}", r"runs\.timeseries-bilstm must be called timeseries-bigru"),
        ("tasks: [", "tasks: [[", r"params\.yaml, line \d+: not valid YAML"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(in_folder: Path, old: str, new: str, message: str) -> None:
    _replace(in_folder, old, new)
    with pytest.raises(ParameterError) as caught:
        params.load()
    assert re.search(message, str(caught.value))


def test_the_repository_root_is_asked_for_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    params.load.cache_clear()
    with pytest.raises(ParameterError, match="repository's root"):
        params.load()
