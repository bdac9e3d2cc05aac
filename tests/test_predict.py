"""`python -m pipelines predict TASK …`, with the networks of the tiny graph."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile

from pipelines import artifacts, params, registry
from pipelines.__main__ import main
from pipelines.nn import checkpoints, hardware
from pipelines.tasks.music import midi, rolls
from pipelines.tasks.timeseries.data import Meta, table_of
from tests.conftest import ROOT, run

pytestmark = pytest.mark.graph


@dataclass(frozen=True)
class Done:
    """The exit status and the output of a command."""

    status: int
    stdout: str
    stderr: str


Predict = Callable[..., Done]


@pytest.fixture
def predict(tiny: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Predict]:
    """`python -m pipelines predict …` in the tiny graph, run in this process."""
    monkeypatch.chdir(tiny)
    # Other tests may have started TensorFlow in this process; its number of threads can then no longer be set.
    monkeypatch.setattr(hardware, "set_up", lambda: None)
    params.values.cache_clear()

    def predict(*arguments: str) -> Done:
        capsys.readouterr()
        try:
            status = main(["predict", *arguments])
        except SystemExit as wrong_usage:
            status = int(wrong_usage.code or 0)
        return Done(status, *capsys.readouterr())

    yield predict
    params.values.cache_clear()


def answers(predict: Predict, *arguments: str) -> Any:
    done = predict(*arguments, "--json")
    assert done.status == 0, done.stderr
    return json.loads(done.stdout)


def refused(predict: Predict, status: int, *arguments: str) -> str:
    done = predict(*arguments)
    assert done.status == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout
    return done.stderr


# The command, in its own process


def test_predict_help_imports_no_tensorflow() -> None:
    code = (
        "import contextlib, sys\n"
        "from pipelines import registry\n"
        "from pipelines.__main__ import main\n"
        "for task in registry.TASKS:\n"
        "    with contextlib.suppress(SystemExit): main(['predict', task.name, '--help'])\n"
        "print([name for name in ('tensorflow', 'keras', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    for task in registry.TASKS:
        assert f"usage: python -m pipelines predict {task.name} " in done.stdout
    assert done.stdout.count("  --model MODEL") == len(registry.TASKS)
    assert done.stdout.splitlines()[-1] == "[]"


def test_predict_language_reads_prompts_from_standard_input(tiny: Path) -> None:
    piped = subprocess.run(
        [sys.executable, "-m", "pipelines", "predict", "language", "--prompts", "-", "--length", "3"],
        cwd=tiny, input="One\nTwo", capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert [line[:3] for line in piped.stdout.splitlines() if line] == ["One", "Two"]
    assert not piped.stderr


def test_predict_loads_the_network_of_every_target_in_a_new_process(tiny: Path) -> None:
    """With all the custom layers that they contain."""
    code = (
        "from pipelines import artifacts, paths, predict, registry\n"
        "for task in registry.TASKS:\n"
        "    trained = predict.TrainedNetworks(task.name, task.params(), None)\n"
        "    for target in artifacts.read_json(paths.prepared(task.name) / 'meta.json')['targets']:\n"
        "        print(task.name, target, trained.network(target)[0].count_params() > 0)"
    )
    done = run(tiny, sys.executable, "-c", code)
    assert done.returncode == 0, done.stderr
    assert {line.split()[0] for line in done.stdout.splitlines()} == {task.name for task in registry.TASKS}
    assert "False" not in done.stdout


def test_predict_without_a_trained_network_names_the_command_that_trains_one(in_folder: Path) -> None:
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from pipelines.__main__ import main; sys.exit(main())"
    done = run(in_folder, sys.executable, "-c", code, str(ROOT), "predict", "language", "x")
    assert done.returncode == 1
    assert "dvc repro" in done.stderr
    assert done.stderr.count("\n") == 1


# Language


PROMPT = ("language", "Once upon", "--length", "40", "--seed")


def test_predict_language_continues_the_prompt_by_the_requested_length(predict: Predict) -> None:
    done = predict(*PROMPT, "3")
    assert done.status == 0, done.stderr
    assert done.stdout.startswith("Once upon")
    assert len(done.stdout.rstrip("\n")) == len("Once upon") + 40


def test_predict_language_repeats_with_the_same_seed(predict: Predict) -> None:
    first, again, other = (predict(*PROMPT, seed).stdout for seed in ("3", "3", "4"))
    assert first == again != other


def test_predict_language_reads_prompts_from_arguments_and_a_file(predict: Predict, tmp_path: Path) -> None:
    path = tmp_path / "prompts.txt"
    path.write_text("Once\n\n☃ and 🐺\n")
    found = answers(predict, "language", "first", "--prompts", str(path), "--length", "5", "--model", "layernorm")
    assert [prediction["prompt"] for prediction in found] == ["first", "Once", "☃ and 🐺"]
    assert {(prediction["model"], len(prediction["text"])) for prediction in found} == {("layernorm", 5)}
    assert found[2]["unseen"] == ["☃", "🐺"]


def test_predict_uses_the_model_with_the_best_validation_loss_by_default(predict: Predict, tiny: Path) -> None:
    losses = {
        path.parent.name: np.mean(artifacts.read_json(path)["targets"]["text"]["best_valid_loss"])
        for path in (tiny / "artifacts/models/language").glob("*/training.json")
    }
    assert answers(predict, "language", "a", "--length", "1")[0]["model"] == min(losses, key=lambda name: losses[name])


def test_predict_language_refuses_missing_or_unreadable_prompts(predict: Predict, tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("\n \n")
    (tmp_path / "latin.txt").write_bytes(b"gr\xfcn")
    assert "no prompt; give one" in refused(predict, 2, "language")
    assert "holds no prompt" in refused(predict, 1, "language", "--prompts", str(tmp_path / "empty.txt"))
    assert "line 1: is not UTF-8" in refused(predict, 1, "language", "--prompts", str(tmp_path / "latin.txt"))
    assert "cannot be read (No such file" in refused(predict, 1, "language", "--prompts", str(tmp_path / "none.txt"))


@pytest.mark.parametrize(
    "wrong",
    [("--temperature", "-1"), ("--temperature", "nan"), ("--top-p", "0"), ("--length", "0"), ("--model", "transformer")],
)  # fmt: skip
def test_predict_language_wrong_option_ends_with_status_two(predict: Predict, wrong: tuple[str, str]) -> None:
    assert wrong[1] in refused(predict, 2, "language", "x", *wrong)


# Time series


@pytest.fixture
def co2(tiny: Path, tmp_path: Path) -> Path:
    """The last two years of the sample without the last horizon."""
    path = tmp_path / "co2.csv"
    pd.read_csv(tiny / "data/raw/timeseries/co2.csv").iloc[-107:-3].to_csv(path, index=False)
    return path


def test_predict_timeseries_is_the_mean_of_the_seeds_on_the_prepared_window(
    predict: Predict, tiny: Path, co2: Path
) -> None:
    """The table ends at the last test origin, and the forecast starts one step after it."""
    (found,) = answers(predict, "timeseries", str(co2), "--model", "lstm")
    assert found["series"] == "co2"
    last = pd.Timestamp(pd.read_csv(co2)["date"].iloc[-1])
    dates = [pd.Timestamp(row["date"]) for row in found["forecast"]]
    assert dates == [last + pd.Timedelta(weeks=week) for week in (1, 2, 3)]

    folder = tiny / "artifacts/models/timeseries/lstm/co2"
    prepared = tiny / "data/prepared/timeseries"
    series = artifacts.read(prepared / "meta.json", Meta).targets["co2"]
    origin = np.load(prepared / "co2/test.npy")[-1]
    table = table_of(prepared, "co2")
    assert table["date"].iloc[origin] == last
    features = np.load(prepared / "co2/features.npy")[origin - series.lookback + 1 : origin + 1]
    network = checkpoints.load(folder)
    runs = []
    for seed in (1, 2):
        checkpoints.load_seed(network, folder, seed)
        runs.append(network.predict_on_batch({"window": features[None]})[0])
    expected = table["filled"].iloc[origin] + np.mean(runs, axis=0) * series.target_scaler.std
    expected += series.target_scaler.mean
    np.testing.assert_allclose([row["forecast"] for row in found["forecast"]], expected, rtol=1e-6)


def test_predict_timeseries_takes_the_series_from_its_option(predict: Predict, co2: Path, tmp_path: Path) -> None:
    other = tmp_path / "measured.csv"
    pd.read_csv(co2).rename(columns={"value": "air"}).to_csv(other, index=False)
    assert "no network was trained on 'air' of a file 'measured'; say with --series" in refused(
        predict, 2, "timeseries", str(other)
    )
    ours, theirs = (
        answers(predict, "timeseries", str(other), "--series", "co2"),
        answers(predict, "timeseries", str(co2)),
    )
    assert ours == theirs


def test_predict_timeseries_refuses_an_unusable_table(predict: Predict, co2: Path, tmp_path: Path) -> None:
    table = pd.read_csv(co2)
    short, monthly = tmp_path / "short.csv", tmp_path / "monthly.csv"
    table.tail(9).to_csv(short, index=False)
    dates = pd.date_range("1990-01-01", periods=len(table), freq="MS")
    table.assign(date=dates).to_csv(monthly, index=False)
    assert "has 9 steps, but the network looks back over 13" in refused(
        predict, 1, "timeseries", str(short), "--series", "co2"
    )
    assert "its steps are MS, those of co2 were W-SAT; resample" in refused(
        predict, 1, "timeseries", str(monthly), "--series", "co2"
    )
    assert "path does not point to a file" in refused(predict, 2, "timeseries", str(tmp_path / "none.csv"))


# Finance


@pytest.fixture
def prices(tiny: Path, tmp_path: Path) -> Path:
    path = tmp_path / "sp500.csv"
    pd.read_csv(tiny / "data/raw/finance/sp500.csv").tail(200).to_csv(path, index=False)
    return path


def test_predict_finance_gives_returns_prices_and_volatility(predict: Predict, prices: Path) -> None:
    returns, volatility = answers(predict, "finance", str(prices))
    last = pd.read_csv(prices).iloc[-1]
    assert returns["seen"]
    dates = [pd.Timestamp(row["date"]) for row in returns["forecast"]]
    assert len(dates) == 5
    assert all(date > pd.Timestamp(last["date"]) and date.weekday() < 5 for date in dates)
    assert all(abs(row["price"] / last["close"] - 1) < 0.1 for row in returns["forecast"])
    assert 1 < volatility["forecast"][0]["volatility"] < 200


@pytest.fixture
def unseen(prices: Path) -> Path:
    """The same prices under a name that training does not know."""
    return prices.rename(prices.with_name("acme.csv"))


def test_predict_finance_reports_a_symbol_that_training_has_not_seen(predict: Predict, unseen: Path) -> None:
    text = predict("finance", str(unseen)).stdout
    assert "acme, returns" in text
    assert "training has not seen, scaled by its own days" in text


def test_predict_finance_takes_the_symbol_from_its_option(predict: Predict, unseen: Path) -> None:
    own, named = (answers(predict, "finance", str(unseen), *symbol)[0] for symbol in ((), ("--symbol", "sp500")))
    assert (own["seen"], named["seen"]) == (False, True)
    assert own["forecast"] != named["forecast"]
    again = answers(predict, "finance", str(unseen.rename(unseen.with_name("sp500.csv"))))[0]
    assert named["forecast"] == again["forecast"]


def test_predict_finance_refuses_too_few_days(predict: Predict, prices: Path) -> None:
    short = prices.with_name("short.csv")
    short.write_text("".join(prices.read_text().splitlines(keepends=True)[:31]))
    assert "has 30 days, but the network and its indicators need 68" in refused(predict, 1, "finance", str(short))


# Music


PIECE = ("music", "--style", "tunes", "--seconds", "6", "--tempo", "120", "--temperature", "2", "--top-p", "1")


def test_predict_music_writes_the_piece_that_it_reports(predict: Predict, tmp_path: Path) -> None:
    path = tmp_path / "piece.mid"
    (found,) = answers(predict, *PIECE, str(path), "--wav")
    assert found["files"] == [str(path), str(path.with_suffix(".wav"))]
    piece = midi.read(path)
    assert len(piece.notes) == found["notes"] > 0
    assert piece.notes["end"].max() <= 12
    sound, rate = soundfile.read(path.with_suffix(".wav"))
    assert 0.01 < np.abs(sound).max() < 1
    assert len(sound) / rate < 12


def test_predict_music_repeats_with_the_same_seed(predict: Predict, tmp_path: Path) -> None:
    first, again, other = (tmp_path / f"{name}.mid" for name in ("first", "again", "other"))
    answers(predict, *PIECE, str(first))
    answers(predict, *PIECE, str(again))
    answers(predict, *PIECE, str(other), "--seed", "2")
    assert first.read_bytes() == again.read_bytes() != other.read_bytes()


def test_predict_music_transfer_keeps_melody_tempo_and_time_signature(predict: Predict, tmp_path: Path) -> None:
    tune, chorale = tmp_path / "tune.mid", tmp_path / "chorale.mid"
    keys = np.array([62, 64, 65, 67, 69, 67, 65, 64] * 3)
    notes = midi.as_notes(np.arange(24) / 2, np.arange(1, 25) / 2, keys)
    midi.write(midi.Piece(notes, ((0.0, 90.0),), ((0.0, 3, 4),)), tune, program=0)
    (found,) = answers(predict, "music", "--transfer", "chorales", str(tune), str(chorale))
    after = midi.read(chorale)
    assert after.tempi[0][1] == pytest.approx(90, abs=0.01)
    assert after.signatures[0][1:] == (3, 4)
    melody, struck = rolls.melody(rolls.from_notes(after.notes, 4)[0])
    begun = melody[struck & (melody >= 0)] + midi.LOWEST
    assert ((begun - keys[: len(begun)]) % 12 == 0).all()
    assert len(begun) == len(keys)
    assert after.quarters == pytest.approx(12 * found["times_as_long"])


def test_predict_music_refuses_unusable_files_and_styles(predict: Predict, tmp_path: Path) -> None:
    text, out = tmp_path / "text.mid", str(tmp_path / "out.mid")
    text.write_text("no music")
    long = tmp_path / "long.mid"
    midi.write(
        midi.Piece(midi.as_notes(np.array([0, 72000.0]), np.array([1, 72001.0]), np.array([60, 62])), ((0.0, 120.0),)),
        long,
        0,
    )
    assert "text.mid" in refused(predict, 1, "music", "--transfer", "tunes", str(text), out)
    assert "lasts 600 minutes" in refused(predict, 1, "music", "--transfer", "tunes", str(long), out)
    assert "there is no folder" in refused(predict, 1, "music", "--style", "tunes", str(tmp_path / "none" / "out.mid"))
    assert "there is no style 'jazz'; the networks have learned chorales, tunes" in refused(
        predict, 2, "music", "--style", "jazz", out
    )
    assert "say either --style" in refused(predict, 2, "music", out)
    assert "1 files are named, not 2: in.mid out.mid" in refused(predict, 2, "music", "--transfer", "tunes", out)
    assert not Path(out).exists()
