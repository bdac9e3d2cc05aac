"""The released models of the tiny graph, loaded in a process that has TensorFlow and not this project."""

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from pipelines import artifacts, params, paths, registry, releases
from pipelines.__main__ import predict_parser
from pipelines.nn import export, generation, hardware
from pipelines.nn.datasets import WINDOW
from pipelines.predict import TrainedNetworks
from pipelines.task import Task
from pipelines.tasks.music.midi import KEYS
from pipelines.tasks.timeseries.data import table_of
from pipelines.tasks.translation.subwords import Subwords

pytestmark = [pytest.mark.graph, pytest.mark.parametrize("task", registry.TASKS, ids=lambda task: task.name)]
Case = tuple[Path, dict[str, Any], dict[str, Any]]
"""A SavedModel, its inputs, and the outputs that it has to have."""
ELSEWHERE = """
import contextlib, importlib.util, io, json, os, sys, traceback
import numpy as np
import tensorflow as tf

assert importlib.util.find_spec("pipelines") is None

def answer(folder, inputs):
    function = tf.saved_model.load(folder).signatures["serving_default"]
    specs = function.structured_input_signature[1]
    outputs = function(**{name: tf.constant(value, specs[name].dtype) for name, value in inputs.items()})
    return {name: np.asarray(value.numpy()).tolist() for name, value in outputs.items()}

def printed(folder, code):
    os.chdir(folder)
    with contextlib.redirect_stdout(io.StringIO()) as output:
        exec(code, {})
    return output.getvalue()

def tried(function, *arguments):
    try:
        return function(*arguments)
    except Exception:
        return traceback.format_exc()

given = json.load(sys.stdin)
answers = [tried(answer, *case) for case in given["cases"]]
cards = [tried(printed, *card) for card in given["cards"]]
json.dump({"answers": answers, "cards": cards}, sys.stdout, default=bytes.decode)
"""


@dataclass(frozen=True)
class Elsewhere:
    """What a process without this project has made of the released models of a task; an error as its traceback."""

    cases: list[tuple[Case, Any]]
    cards: list[str]


@pytest.fixture(scope="module")
def elsewhere(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Elsewhere]:
    """By task; one process for all, since TensorFlow takes seconds to start."""
    folder, empty = tmp_path_factory.mktemp("inputs"), tmp_path_factory.mktemp("empty")
    cases: dict[str, list[Case]] = {}
    cards: dict[str, list[tuple[str, str]]] = {}
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(tiny)
        patched.setattr(hardware, "set_up", lambda: None)
        params.values.cache_clear()
        for task in registry.TASKS:
            models = list(task.params().models)
            cases[task.name] = [
                (releases.model(task.name, model) / releases.SAVED_MODEL / target, *inputs_and_outputs)
                for model in models
                for target in meta_of(task).targets
                for inputs_and_outputs in CASES.get(task.name, network_itself)(
                    task, trained(task, model, target), target, folder
                )
            ]
            cards[task.name] = [
                (str(tiny / releases.model(task.name, model)), "\n".join(code_of(task, model))) for model in models
            ]
    params.values.cache_clear()
    given = {
        "cases": [(str(tiny / path), inputs) for of_task in cases.values() for path, inputs, _ in of_task],
        "cards": [card for of_task in cards.values() for card in of_task],
    }
    done = subprocess.run(
        [sys.executable, "-I", "-c", ELSEWHERE],
        cwd=empty, input=json.dumps(given), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    answers, printed = iter(found["answers"]), iter(found["cards"])
    return {
        name: Elsewhere(
            [(case, next(answers)) for case in of_task],
            [next(printed) for _ in cards[name]],
        )
        for name, of_task in cases.items()
    }


def code_of(task: Task, model: str) -> list[str]:
    """The Python code in a card."""
    return re.findall(r"```python\n(.*?)```", releases.card(task.name, model), re.DOTALL)


@pytest.fixture
def graph(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The finished tiny graph, as the current folder."""
    monkeypatch.chdir(tiny)
    monkeypatch.setattr(hardware, "set_up", lambda: None)
    params.values.cache_clear()
    yield tiny
    params.values.cache_clear()


def trained(task: Task, model: str, target: str) -> TrainedNetworks:
    """The networks of a model, of which only the seed that is released counts."""
    networks = TrainedNetworks(task.name, task.params(), model)
    record = networks.records[model]
    losses = record["targets"][target]["best_valid_loss"]
    best = int(np.argmin(losses))
    record["seeds"] = [record["seeds"][best]]
    record["targets"][target]["best_valid_loss"] = [losses[best]]
    return networks


def predicted(task: Task, networks: TrainedNetworks, *words: str) -> list[dict[str, Any]]:
    """What `predict` says, with `words` as its arguments."""
    options: argparse.Namespace = predict_parser(task, "gatehouse").parse_intermixed_args(list(words))
    return [prediction.values for prediction in task.stage("predict").predict(networks, options)]


def meta_of(task: Task) -> Any:
    return artifacts.read(paths.prepared(task.name) / "meta.json", task.stage("release").Meta)


def test_released_function_without_this_project_gives_what_predict_gives(
    task: Task, elsewhere: dict[str, Elsewhere]
) -> None:
    assert elsewhere[task.name].cases
    for (folder, _, expected), answer in elsewhere[task.name].cases:
        assert isinstance(answer, dict), f"{folder}: {answer}"
        for name, value in expected.items():
            if isinstance(value, str) or (isinstance(value, list) and isinstance(value[0], str)):
                assert answer[name] == value, folder
            else:
                np.testing.assert_allclose(answer[name], value, rtol=1e-5, atol=1e-5, err_msg=str(folder))


def test_released_card_has_code_of_five_lines_that_runs_as_it_stands(
    task: Task, graph: Path, elsewhere: dict[str, Elsewhere]
) -> None:
    for model, printed in zip(task.params().models, elsewhere[task.name].cards, strict=True):
        blocks = code_of(task, model)
        assert len(blocks) == len(meta_of(task).targets)
        assert all(len([line for line in block.splitlines() if line]) <= 5 for block in blocks)
        assert printed
        assert "Traceback" not in printed


def test_released_card_has_fields_that_a_hub_reads(task: Task, graph: Path) -> None:
    for model in task.params().models:
        text = (releases.model(task.name, model) / releases.CARD).read_text(encoding="utf-8")
        fields = YAML(typ="safe").load(text.split(releases.MARK)[1])
        assert fields["pipeline_tag"] == task.stage("release").PIPELINE
        assert {"library_name", "license", "license_name", "tags", "datasets", "metrics"} < fields.keys()
        (index,) = fields["model-index"]
        stored = artifacts.read_json(paths.metrics(task.name, model))["test"]
        for result in index["results"]:
            of_target = stored[result["dataset"]["name"]]
            assert {row["type"]: row["value"] for row in result["metrics"]} == {
                name: summary["mean"] for name, summary in of_target.items() if summary["mean"] is not None
            }


def test_released_archive_is_the_network_itself(task: Task, graph: Path) -> None:
    import keras

    for model in task.params().models:
        for target in meta_of(task).targets:
            network, seed = trained(task, model, target).network(target)
            stored = keras.saving.load_model(releases.model(task.name, model) / releases.archive(target, seed))
            for one, other in zip(network.get_weights(), stored.get_weights(), strict=True):
                np.testing.assert_array_equal(one, other)


# What each task's function gets, and has to give


def network_itself(task: Task, networks: TrainedNetworks, target: str, folder: Path) -> list[Any]:
    """For a function without preprocessing."""
    network, _ = networks.network(target)
    examples = task.stage("train").datasets(paths.prepared(task.name), meta_of(task), target)["test"]
    inputs = examples.batch(np.arange(min(2, len(examples)))).inputs
    outputs = network.predict_on_batch(inputs).tolist()
    return [({name: array.tolist() for name, array in inputs.items()}, {export.OUTPUTS: outputs})]


def timeseries(task: Task, networks: TrainedNetworks, target: str, folder: Path) -> list[Any]:
    series = meta_of(task).targets[target]
    table = table_of(paths.prepared(task.name), target)[["date", "value"]]
    file = folder / f"{target}.csv"
    table.to_csv(file, index=False)
    steps = series.lookback + series.difference
    last = table.iloc[-steps:]
    when = last["date"].dt
    positions = {
        "day_of_year": [when.day_of_year.tolist()],
        "hours_of_week": [(24.0 * when.day_of_week + when.hour).tolist()],
        "passed": [len(table) - 1],
    }
    network, _ = networks.network(target)
    described = task.stage("release").raw_function(
        network, meta_of(task), target, task.params(), paths.prepared(task.name)
    )
    position = {name: value for name, value in positions.items() if name in described.inputs}
    (values,) = predicted(task, networks, str(file), "--series", target)
    expected = [row["forecast"] for row in values["forecast"]]
    return [({"values": [last["value"].tolist()], **position}, {"forecast": [expected]})]


def finance(task: Task, networks: TrainedNetworks, target: str, folder: Path) -> list[Any]:
    from pipelines.tasks.finance.data import WARM_UP

    cases = []
    prices = meta_of(task).targets[target]
    for symbol in prices.symbols:
        table = pd.read_csv(paths.raw(task.name) / f"{symbol}.csv", parse_dates=["date"]).iloc[
            -WARM_UP - prices.lookback :
        ]
        file = folder / f"{symbol}.csv"
        table.to_csv(file, index=False)
        inputs = {name: [table[name].tolist()] for name in ("open", "high", "low", "close", "volume")}
        if "VIX" in prices.features:
            inputs["vix"] = [[float("nan")] * len(table)]  # which predict does not read
        dates = table["date"].dt
        inputs |= {"symbol": [symbol], "day_of_week": [dates.day_of_week.tolist()], "month": [dates.month.tolist()]}
        by_target = {
            values["target"]: values["forecast"]
            for values in predicted(task, networks, str(file))
            if values["target"] == target
        }
        key = "return" if target == "returns" else "volatility"
        rows = [row[key] for row in by_target[target]]
        cases.append((inputs, {target: [rows] if target == "returns" else rows}))
    return cases


def language(task: Task, networks: TrainedNetworks, target: str, folder: Path) -> list[Any]:
    cases = []
    for prompt in ("The king", "Ω said “no”", "x"):
        (values,) = predicted(task, networks, prompt, "--length", "12", "--temperature", "0")
        cases.append(({"prompt": prompt, "length": 12, "temperature": 0.0, "seed": 1}, {"text": values["text"]}))
    return cases


def texts(task: Task, networks: TrainedNetworks, target: str, folder: Path) -> list[Any]:
    written = [
        "A fine day, isn't it?",
        "rock'n'roll: WHAT A 3rd-rate film!",
        "Don't   stop\t‘now’",
        "ünïcödé word's 12.5",
    ]
    values = predicted(task, networks, *written)
    classes = meta_of(task).label.classes
    probabilities = [[row["probabilities"][name] for name in classes] for row in values]
    return [({"text": written}, {"probabilities": probabilities, "class": [row["class"] for row in values]})]


def numbers(task: Task, networks: TrainedNetworks, target: str, folder: Path) -> list[Any]:
    sources = ["three hundred twelve", "Forty-Two!", "one zillion", "nine"]
    values = predicted(task, networks, *sources, "--beam", "1")
    expected = {
        "text": [row["written"] for row in values],
        "log_probability": [row["log_probability"] for row in values],
    }
    return [({"source": sources}, expected)]


def translation(task: Task, networks: TrainedNetworks, target: str, folder: Path) -> list[Any]:
    sources = ["Save changes", "%(count)s files in <b>this</b> folder", "Zürich ☃", "an error"]
    with pytest.MonkeyPatch.context() as patched:  # slots and capitals are put back outside the SavedModel
        patched.setattr(Subwords, "text", lambda self, tokens, source: "".join(tokens).replace("▁", " ").strip())
        values = predicted(task, networks, *sources, "--beam", "1")
    tokenizer = Subwords(paths.prepared(task.name))
    rows = [tokenizer.source(source) for source in sources]
    longest = max(map(len, rows))
    inputs = {"tokens": [row + [""] * (longest - len(row)) for row in rows]}
    assert "⟨1⟩" in rows[1]
    expected = {
        "text": [row["written"] for row in values],
        "log_probability": [row["log_probability"] for row in values],
    }
    return [(inputs, expected)]


def music(task: Task, networks: TrainedNetworks, target: str, folder: Path) -> list[Any]:
    meta = meta_of(task)
    network, _ = networks.network(target)
    if target == "events":
        from pipelines.tasks.music.data import mark

        vocabulary = meta.tokens.vocabulary
        cases = []
        for style in meta.styles:
            (row,) = generation.generate(
                network, [np.array(vocabulary.encode([mark(style)]), np.int32)], 16, 0, 0, 1, 1
            )
            expected = {"tokens": [vocabulary.words[token] for token in row]}
            cases.append(({"style": style, "length": 16, "temperature": 0.0, "seed": 1}, expected))
        return cases
    examples = task.stage("train").datasets(paths.prepared(task.name), meta, target)["test"]
    batch = examples.batch(np.arange(min(2, len(examples))))
    probabilities = (1 / (1 + np.exp(-network.predict_on_batch(batch.inputs)))).tolist()
    window = batch.inputs[WINDOW]
    if target == "transfer":
        return [({WINDOW: window.tolist()}, {"probabilities": probabilities})]
    style = [meta.styles[index] for index in window[:, 0, KEYS:].argmax(-1)]
    return [({"keys": (window[..., :KEYS] > 0).tolist(), "style": style}, {"probabilities": probabilities})]


def speech(task: Task, networks: TrainedNetworks, target: str, folder: Path) -> list[Any]:
    import soundfile

    rate = meta_of(task).transcript.prepare.rate
    cases = []
    for number, seconds in enumerate((0.7, 1.3)):
        times = np.arange(int(rate * seconds)) / rate
        samples = (0.4 * np.sin(2 * np.pi * 330 * times * (1 + times)) * (times > 0.2)).astype(np.float32)
        file = folder / f"{number}.wav"
        soundfile.write(file, samples, rate, subtype="FLOAT")
        with pytest.MonkeyPatch.context() as patched:  # a SavedModel has no model of words
            patched.setattr("pipelines.tasks.speech.decoding.word_search", lambda *_: None)
            (values,) = predicted(task, networks, str(file), "--beam", "1")
        cases.append(({"samples": samples.tolist()}, {"text": values["text"]}))
    return cases


def video(task: Task, networks: TrainedNetworks, target: str, folder: Path) -> list[Any]:
    from pipelines.tasks.video import decoding
    from pipelines.tasks.video.data import CLIPS

    label = meta_of(task).label
    network, _ = networks.network(target)
    side = label.side if WINDOW in network.input else label.stored_side
    file = sorted(path for path in (paths.raw(task.name) / CLIPS).rglob("*") if path.is_file())[0]
    (frames,) = decoding.read(file, label.lookback, [side], label.background)
    (values,) = predicted(task, networks, str(file))
    probabilities = [[values["probabilities"][name] for name in label.classes]]
    return [({"frames": frames[None].tolist()}, {"probabilities": probabilities, "class": [values["class"]]})]


def memory(task: Task, networks: TrainedNetworks, target: str, folder: Path) -> list[Any]:
    from pipelines.tasks.memory.problems import ADDING, COPY, MEAN, STD

    meta = meta_of(task)
    problem, (network, _) = meta.targets[target], networks.network(target)
    examples = task.stage("train").datasets(paths.prepared(task.name), meta, target)["test"]
    window = examples.batch(np.arange(3)).inputs[WINDOW]
    outputs = network.predict_on_batch({WINDOW: window})
    if problem.problem == ADDING:
        numbers = (window[..., 0] * STD + MEAN).tolist()
        return [({"numbers": numbers, "marks": window[..., 1].tolist()}, {"sum": outputs[:, 0].tolist()})]
    if problem.problem == COPY:
        return [({"tokens": window.argmax(-1).tolist()}, {"tokens": outputs.argmax(-1).tolist()})]
    exponentials = np.exp(outputs - outputs.max(-1, keepdims=True))
    probabilities = (exponentials / exponentials.sum(-1, keepdims=True)).tolist()
    return [({"pixels": (window[..., 0] * problem.std + problem.mean).tolist()}, {"probabilities": probabilities})]


CASES: dict[str, Callable[[Task, TrainedNetworks, str, Path], list[Any]]] = {
    "timeseries": timeseries,
    "finance": finance,
    "language": language,
    "music": music,
    "numbers": numbers,
    "sentiment": texts,
    "topics": texts,
    "translation": translation,
    "speech": speech,
    "video": video,
    "memory": memory,
}
