import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from pipelines import params, registry, runs
from pipelines.errors import ParameterError


def _replace(folder: Path, old: str, new: str) -> None:
    path = folder / "params.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_params_of_the_default_file_are_valid(in_folder: Path) -> None:
    runs.derived()


def test_params_are_frozen(in_folder: Path) -> None:
    loaded = registry.find("timeseries").params()
    with pytest.raises(ValidationError):
        loaded.train.epochs = 3


def test_params_unknown_key_is_named_with_path_and_suggestion(in_folder: Path) -> None:
    _replace(in_folder, "    learning_rate:", "    learning_rat:")
    with pytest.raises(
        ParameterError,
        match=r"timeseries\.train\.learning_rat is not a parameter; did you mean learning_rate\? .*epochs",
    ):
        runs.derived()


def test_params_unknown_key_in_a_layer_is_named_with_path_and_suggestion(in_folder: Path) -> None:
    _replace(in_folder, "{cell: lstm, units: 50}", "{cell: lstm, unit: 50}")
    with pytest.raises(
        ParameterError, match=r"timeseries\.models\.lstm\.recurrent\.0\.unit is not .* did you mean units"
    ):
        runs.derived()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    epochs: 20", "    epochs: many", r"timeseries\.train\.epochs is 'many'; .*integer"),
        ("    epochs: 20", "    epochs: -1", r"timeseries\.train\.epochs is -1; .*greater than 0"),
        (
            "cell: simple_rnn",
            "cell: transformer",
            r"rnn\.recurrent\.0\.cell: there is no cell 'transformer'; there are simple_rnn, lstm, gru, vanilla, .*, mut3",
        ),
        ("seeds: [1, 2, 3]", "seeds: [1, 1]", r"timeseries\.train: seeds must all differ"),
        ("co2: 1,", "co2: 3,", r"difference\.co2 is 3, less than the horizon"),
        ("default: 36}", "other: 36}", r"timeseries\.prepare: lookback must name a default"),
        ('test_start: "2015-01-01"', 'test_start: "2001-01-01"', r"valid_start must lie before test_start"),
        ("samples: [", "samples: [[", r"params\.yaml, line \d+: not valid YAML"),
        (
            "\nlanguage:",
            "\nlanguages:",
            r"there is no task 'languages'; the tasks are timeseries, finance, language, music",
        ),
    ],
)
def test_params_wrong_value_is_named_with_what_is_allowed(in_folder: Path, old: str, new: str, message: str) -> None:
    _replace(in_folder, old, new)
    with pytest.raises(ParameterError) as caught:
        runs.derived()
    assert re.search(message, str(caught.value))


def test_params_outside_the_repository_root_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    params.values.cache_clear()
    with pytest.raises(ParameterError, match="repository's root"):
        runs.derived()
