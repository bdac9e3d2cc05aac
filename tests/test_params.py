import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from pipelines import artifacts, params, paths, registry, runs
from pipelines.errors import ParameterError
from pipelines.task import Task
from tests.conftest import ROOT

LINE = (ROOT / "params.yaml").read_text().partition('"2013-01-01"')[0].count("\n") + 1
"""Of the first date."""


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
        ("seeds: [1, 2, 3]", "seeds: [1, 1]", r"timeseries\.train\.seeds: 1 is there twice"),
        ("co2: 1,", "co2: 3,", r"timeseries\.prepare\.difference_lag\.co2: 3 is less than the horizon"),
        (
            "sunspots: 60, default: auto}",
            "sunspots: 60, other: auto}",
            r"timeseries\.prepare\.lookback: has no default",
        ),
        (
            'test_start: "2015-01-01"',
            'test_start: "2001-01-01"',
            r"finance\.prepare\.valid_start: must lie before test_start",
        ),
        ("samples: [", "samples: [[", r"params\.yaml, line \d+: not valid YAML"),
        ("co2: 1,", "co2: -1,", r"timeseries\.prepare\.difference_lag\.co2 is -1; .*greater than or equal to 0"),
        ("sunspots: 12}", "sunspots: 0}", r"timeseries\.prepare\.season\.sunspots is 0; .*greater than 0"),
        ('"2013-01-01"', '"2013-13-45"', r"finance\.prepare\.valid_start: 2013-13-45 is no day of the calendar"),
        ('"2013-01-01"', "2013-13-45", rf"params\.yaml, line {LINE}: 2013-13-45 cannot be read"),
        ("seeds: [1, 2, 3]", "seeds: [-1]", r"timeseries\.train\.seeds\.0 is -1"),
        (
            "seeds: [1, 2, 3]",
            "seeds: [8589934592]",
            r"timeseries\.train\.seeds\.0 is 8589934592; .*less than 4294967296",
        ),
        ("dense: []", "dense: [0]", r"timeseries\.models\.rnn\.dense\.0 is 0; .*greater than 0"),
        ("clip_norm: 1.0", "clip_norm: .inf", r"timeseries\.train\.clip_norm is inf; .*finite"),
        ("horizon: 12", "carry_state: true\n    horizon: 12", r"timeseries\.prepare\.carry_state is not a parameter"),
        ("loss: mae", "loss: qlike", r"timeseries\.train\.loss is 'qlike'; input should be 'mse', 'mae' or 'huber'"),
        ("tunes: 110, default: 0}", "tunes: 110}", r"music\.evaluate\.programs: has no default"),
        ("[chorales, tunes]", "[chorales, chorales]", r"music\.collect\.samples: 'chorales' is there twice"),
        ("[returns, volatility]", "[returns, returns]", r"finance\.prepare\.targets: 'returns' is there twice"),
        ("    rnn:\n", "    5:\n", r"timeseries\.models\.5\.\[key\]: a key has to be a text; write it in quotes"),
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


# Names


@pytest.mark.parametrize(
    "name", ["index", "Comparison", ".", "../x", "a b", "a; rm x", "-x", "true", "con", "é", "x" * 101]
)
def test_params_model_cannot_have_a_name_that_is_no_file_of_its_own(in_folder: Path, name: str) -> None:
    _replace(in_folder, "    rnn:\n", f"    {name!r}:\n")
    with pytest.raises(ParameterError, match=r"^params\.yaml: timeseries\.models\."):
        runs.derived()


def test_params_models_must_differ_where_capitals_do_not_count(in_folder: Path) -> None:
    _replace(in_folder, "    rnn:\n", "    LSTM:\n")
    with pytest.raises(ParameterError, match=r"timeseries\.models\.lstm: some file systems take it for LSTM"):
        runs.derived()


def test_params_task_cannot_have_a_name_that_is_no_folder_of_its_own() -> None:
    for name in ("index", "a-b", "a/b", ""):
        with pytest.raises(ValueError, match="cannot be a task"):
            Task(name)


# Per-target overrides


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("{mars: {epochs: 3}}", r"targets\.mars: there is no such target; there are frames, events, transfer"),
        (
            "{events: {epoch: 3}}",
            r"targets\.events\.epoch is not a parameter; did you mean epochs\? allowed here: epochs, ",
        ),
        ("{events: {loss: mse}}", r"targets\.events\.loss is not a parameter"),
        ("{events: {epochs: 0}}", r"targets\.events\.epochs is 0; .*greater than 0"),
        ("{events: {seeds: [7]}}", r"targets\.events\.seeds: is the same for all targets"),
        ("{events: 3}", r"targets\.events is 3"),
    ],
)
def test_params_override_is_named_with_its_target(in_folder: Path, override: str, message: str) -> None:
    path = in_folder / "params.yaml"
    before, _, after = path.read_text().partition("    targets:\n      events")
    path.write_text(f"{before}    targets: {override}\n{after[after.index('  evaluate:') :]}")
    with pytest.raises(ParameterError, match=rf"^params\.yaml: music\.train\.{message}"):
        runs.derived()


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("{epoch: 3}", r"epoch is not a parameter; did you mean epochs\? allowed here: epochs, "),
        ("{epochs: 0}", r"epochs is 0; .*greater than 0"),
        ("{seeds: [7]}", r"seeds: is the same for all models"),
    ],
)
def test_params_override_is_named_with_its_model(in_folder: Path, override: str, message: str) -> None:
    _replace(in_folder, "      train: {clip_norm: null, learning_rate: 0.001}", f"      train: {override}")
    with pytest.raises(ParameterError, match=rf"^params\.yaml: memory\.models\.rnn\.train\.{message}"):
        runs.derived()


def test_params_of_a_model_override_those_of_the_target_and_of_all(in_folder: Path) -> None:
    block = registry.find("memory").params()
    target = next(iter(block.train.targets))
    model = block.models["rnn"].model_copy(update={"train": {"clip_norm": None, "stop_below": 0.5}})
    assert block.train.clip_norm is not None
    assert block.train.targets[target]["stop_below"] != 0.5
    chosen = block.train.of(target, model)
    assert (chosen.clip_norm, chosen.stop_below, chosen.epochs) == (None, 0.5, block.train.of(target).epochs)
    shown = block.train.of_model(model)
    assert shown.clip_norm is None
    assert "stop_below" not in shown.targets[target], "the page of the model shows what was used"


def test_params_volatility_has_one_loss(in_folder: Path) -> None:
    _replace(in_folder, "    loss: mse ", "    targets: {volatility: {loss: mae}}\n    loss: mse ")
    with pytest.raises(ParameterError, match=r"finance\.train\.targets\.volatility\.loss: .* QLIKE; leave it out"):
        runs.derived()


# Names of parts of the data


def _collected(task: str, *parts: str) -> None:
    artifacts.write_json(paths.raw(task) / "source.json", {"parts": {part: {} for part in parts}})


@pytest.mark.parametrize(
    ("task", "old", "new", "message"),
    [
        ("timeseries", "{co2: 24,", "{co3: 24,", r"timeseries\.prepare\.lookback\.co3: .* did you mean co2\?"),
        ("timeseries", "    loss: mae", "    targets: {mars: {epochs: 2}}\n    loss: mae", r"train\.targets\.mars: "),
        ("music", "{chorales: 19,", "{corales: 19,", r"music\.evaluate\.programs\.corales: .* did you mean chorales\?"),
    ],
)
def test_params_misspelt_part_of_the_data_is_refused(
    in_folder: Path, task: str, old: str, new: str, message: str
) -> None:
    _replace(in_folder, old, new)
    _collected(task, "sales")
    found = registry.find(task)
    with pytest.raises(ParameterError, match=message):
        found.check_names(found.params())


def test_params_of_the_sample_stay_while_other_data_are_used(in_folder: Path) -> None:
    for task in registry.TASKS:
        _collected(task.name, "sales")
        task.check_names(task.params())


def test_params_of_a_part_of_the_data_are_allowed(in_folder: Path) -> None:
    _replace(in_folder, "{co2: 24,", "{sales: 24,")
    _collected("timeseries", "sales")
    task = registry.find("timeseries")
    task.check_names(task.params())


# Sizes


def _whole_numbers(annotation: Any, metadata: tuple[Any, ...], where: str) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Every whole number in a type, with its constraints."""
    if annotation is int:
        yield where, metadata
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            yield from _whole_numbers(field.annotation, tuple(field.metadata), f"{where}.{name}")
    elif hasattr(annotation, "__metadata__"):
        described = [part.metadata if isinstance(part, FieldInfo) else [part] for part in annotation.__metadata__]
        yield from _whole_numbers(annotation.__origin__, tuple(one for parts in described for one in parts), where)
    else:
        for part in get_args(annotation):
            yield from _whole_numbers(part, metadata, where)


@pytest.mark.parametrize(
    ("new", "message"),
    [
        (
            "match: gru_matched",
            r"there is no such other model without a match of its own; there are rnn, lstm, gru, bilstm$",
        ),
        ("match: lstmm", r"there is no such other model"),
        ("match: lstm\n      parameters: 1000", r"match and parameters exclude each other; leave one out$"),
    ],
)
def test_params_match_that_names_no_size_is_refused(in_folder: Path, new: str, message: str) -> None:
    _replace(in_folder, "match: lstm\n", f"{new}\n")
    with pytest.raises(ParameterError, match=rf"timeseries\.models\.gru_matched\.match: {message}"):
        runs.derived()


@pytest.mark.parametrize("task", registry.TASKS, ids=lambda task: task.name)
def test_params_every_whole_number_has_a_highest_value(task: Task) -> None:
    found = list(_whole_numbers(task.stage("params").Params, (), task.name))
    assert len(found) > 10
    for where, constraints in found:
        assert any(hasattr(part, "le") or hasattr(part, "lt") for part in constraints), f"{where} has no highest value"
        assert any(hasattr(part, "ge") or hasattr(part, "gt") for part in constraints), f"{where} has no lowest value"


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        (
            "match: lstm\n",
            "parameters: 1e15\n",
            r"timeseries\.models\.gru_matched\.parameters is 1000000000000000\.0",
        ),
        ("units: 50}", "units: 1e9}", r"timeseries\.models\.rnn\.recurrent\.0\.units is 1000000000\.0"),
        ("horizon: 12", "horizon: 1000000000", r"timeseries\.prepare\.horizon is 1000000000"),
        ("    keys: 6", "    keys: 13", r"music\.prepare\.keys is 13"),
        ("    steps: 4", "    steps: 1000000000", r"music\.prepare\.steps is 1000000000"),
    ],
)
def test_params_size_beyond_reason_is_refused(in_folder: Path, old: str, new: str, where: str) -> None:
    _replace(in_folder, old, new)
    with pytest.raises(ParameterError, match=rf"{where}; input should be less than or equal to"):
        runs.derived()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "{cell: lstm, units: 50}]",
            "{cell: lstm, units: 5000}]",
            r"timeseries\.models\.lstm\.recurrent: has at least 101,010,000 ",
        ),
        (
            "dense: []",
            "dense: [8192, 8192, 8192]",
            r"timeseries\.models\.rnn\.dense: has at least 134,217,728 parameters",
        ),
        (
            "{cell: lstm, units: 96}]",
            "{cell: lstm, units: 8192}]",
            r"numbers\.models\.lstm_attention\.decoder: has at least",
        ),
    ],
)
def test_params_layers_that_are_too_large_together_are_refused(
    in_folder: Path, old: str, new: str, message: str
) -> None:
    if "decoder" in message:
        old, new = f"decoder: [{old}", f"decoder: [{new}"
    _replace(in_folder, old, new)
    with pytest.raises(ParameterError, match=message):
        runs.derived()


# The file itself


def test_params_empty_file_folder_and_other_encoding_are_errors(in_folder: Path) -> None:
    path = in_folder / "params.yaml"
    for content, message in ((b"", "holds no block"), (b"a: gr\xfcn", "byte 5: is not UTF-8")):
        path.write_bytes(content)
        params.values.cache_clear()
        with pytest.raises(ParameterError, match=message):
            runs.derived()
    path.unlink()
    path.mkdir()
    params.values.cache_clear()
    with pytest.raises(ParameterError, match="cannot be read"):
        runs.derived()


def _multiplied(first: str, further: str) -> str:
    """Twelve lines, each of which holds the one before nine times."""
    lines = [f"a0: &a0 {first}"]
    lines += [f"a{index}: &a{index} {further}".replace("*", f"*a{index - 1}") for index in range(1, 12)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        _multiplied("[x, x]", "[*, *, *, *, *, *, *, *, *]"),
        _multiplied("{k: 1}", "{<<: [*, *, *, *, *, *, *, *, *]}"),
        "a: " + "[" * 2000,
        "a: " + "{b: " * 2000,
    ],
    ids=["lists", "merges", "deep lists", "deep blocks"],
)
def test_params_that_multiply_are_refused_before_they_are_made(in_folder: Path, text: str) -> None:
    (in_folder / "params.yaml").write_text(text)
    with pytest.raises(
        ParameterError, match=r"params\.yaml, line \d+: more than 100,000 values, or one in more than 50 others"
    ):
        runs.derived()


def test_params_number_of_thousands_of_digits_is_named_with_its_line(in_folder: Path) -> None:
    line = (ROOT / "params.yaml").read_text().partition("    epochs: 20")[0].count("\n") + 1
    _replace(in_folder, "    epochs: 20", "    epochs: " + "9" * 5000)
    with pytest.raises(ParameterError, match=rf"params\.yaml, line {line}: 9{{100}}… cannot be read"):
        runs.derived()


def test_params_long_value_is_cut_in_the_message(in_folder: Path) -> None:
    _replace(in_folder, "    epochs: 20", "    epochs: " + "very " * 10_000 + "many")
    with pytest.raises(ParameterError) as caught:
        runs.derived()
    assert len(str(caught.value)) < 250
