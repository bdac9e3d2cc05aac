"""`python -m pipelines predict TASK …`, asked of the networks of the tiny graph."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile

from pipelines import artifacts, registry
from pipelines.nn import checkpoints
from pipelines.tasks.music import midi, rolls
from tests.conftest import ROOT, run

pytestmark = pytest.mark.graph


def predict(tiny: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(tiny, sys.executable, "-m", "pipelines", "predict", *arguments)


def answers(tiny: Path, *arguments: str) -> Any:
    done = predict(tiny, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refused(tiny: Path, status: int, *arguments: str) -> str:
    done = predict(tiny, *arguments)
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout
    return done.stderr


@pytest.fixture
def co2(tiny: Path, tmp_path: Path) -> Path:
    """The last two years of the sample but for the last horizon."""
    path = tmp_path / "co2.csv"
    pd.read_csv(tiny / "data/raw/timeseries/co2.csv").iloc[-107:-3].to_csv(path, index=False)
    return path


@pytest.mark.parametrize("task", registry.TASKS, ids=lambda task: task.name)
def test_every_task_tells_its_options_without_tensorflow(task: registry.Task) -> None:
    code = (
        "import sys, contextlib; from pipelines.__main__ import main\n"
        f"with contextlib.suppress(SystemExit): main(['predict', {task.name!r}, '--help'])\n"
        "print([m for m in ('tensorflow', 'keras', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "--model" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


# Language


def test_a_text_goes_on_and_the_same_seed_writes_it_again(tiny: Path) -> None:
    asked = ("language", "Once upon", "--length", "40", "--seed", "3")
    first, again = (predict(tiny, *asked) for _ in range(2))
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("Once upon")
    assert len(first.stdout.rstrip("\n")) == len("Once upon") + 40
    assert first.stdout == again.stdout
    assert not first.stderr
    assert predict(tiny, *asked[:-1], "4").stdout != first.stdout


def test_prompts_come_from_arguments_a_file_and_standard_input(tiny: Path, tmp_path: Path) -> None:
    path = tmp_path / "prompts.txt"
    path.write_text("Once\n\n☃ and 🐺\n")
    found = answers(tiny, "language", "first", "--prompts", str(path), "--length", "5", "--model", "gru")
    assert [each["prompt"] for each in found] == ["first", "Once", "☃ and 🐺"]
    assert {(each["model"], len(each["text"])) for each in found} == {("gru", 5)}
    assert found[2]["unseen"] == ["☃", "🐺"]
    piped = subprocess.run(
        [sys.executable, "-m", "pipelines", "predict", "language", "--prompts", "-", "--length", "3"],
        cwd=tiny, input="One\nTwo", capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert [line[:3] for line in piped.stdout.splitlines() if line] == ["One", "Two"]


def test_unasked_for_the_model_that_was_best_in_validation_answers(tiny: Path) -> None:
    losses = {
        path.parent.name: np.mean(artifacts.read_json(path)["targets"]["text"]["best_valid_loss"])
        for path in (tiny / "artifacts/models/language").glob("*/training.json")
    }
    assert answers(tiny, "language", "a", "--length", "1")[0]["model"] == min(losses, key=lambda name: losses[name])


def test_prompts_that_are_none_end_in_one_sentence(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("\n \n")
    (tmp_path / "latin.txt").write_bytes(b"gr\xfcn")
    assert "no prompt; give one" in refused(tiny, 2, "language")
    assert "holds no prompt" in refused(tiny, 1, "language", "--prompts", str(tmp_path / "empty.txt"))
    assert "byte 2: is not UTF-8" in refused(tiny, 1, "language", "--prompts", str(tmp_path / "latin.txt"))
    assert "cannot be read (No such file" in refused(tiny, 1, "language", "--prompts", str(tmp_path / "none.txt"))


@pytest.mark.parametrize(
    "wrong",
    [("--temperature", "-1"), ("--temperature", "nan"), ("--top-p", "0"), ("--length", "0"), ("--model", "transformer")],
)  # fmt: skip
def test_wrong_options_end_with_status_2(tiny: Path, wrong: tuple[str, str]) -> None:
    assert wrong[1] in refused(tiny, 2, "language", "x", *wrong)


# Time series


def test_a_series_goes_on_where_the_table_ends(tiny: Path, co2: Path) -> None:
    """The same forecast as the one that `evaluate` has scored at this origin."""
    (found,) = answers(tiny, "timeseries", str(co2), "--model", "lstm")
    assert found["series"] == "co2"
    last = pd.Timestamp(pd.read_csv(co2)["date"].iloc[-1])
    dates = [pd.Timestamp(row["date"]) for row in found["forecast"]]
    assert dates == [last + pd.Timedelta(weeks=week) for week in (1, 2, 3)]

    folder = tiny / "artifacts/models/timeseries/lstm/co2"
    prepared = tiny / "data/prepared/timeseries"
    about = artifacts.read_json(prepared / "meta.json")["targets"]["co2"]
    origin = np.load(prepared / "co2/test.npy")[-1]
    table = pd.read_parquet(prepared / "co2/table.parquet")
    assert table["date"].iloc[origin] == last
    features = np.load(prepared / "co2/features.npy")[origin - about["lookback"] + 1 : origin + 1]
    network = checkpoints.load(folder)
    runs = []
    for seed in (1, 2):
        checkpoints.load_seed(network, folder, seed)
        runs.append(network.predict_on_batch(features[None])[0])
    scaler = about["target_scaler"]
    expected = table["filled"].iloc[origin] + np.mean(runs, axis=0) * scaler["std"] + scaler["mean"]
    np.testing.assert_allclose([row["forecast"] for row in found["forecast"]], expected, rtol=1e-6)


def test_a_column_of_another_name_is_said_to_be_the_series(tiny: Path, co2: Path, tmp_path: Path) -> None:
    other = tmp_path / "measured.csv"
    pd.read_csv(co2).rename(columns={"value": "air"}).to_csv(other, index=False)
    assert "no network was trained on 'air'; say with --series" in refused(tiny, 2, "timeseries", str(other))
    ours, theirs = answers(tiny, "timeseries", str(other), "--series", "co2"), answers(tiny, "timeseries", str(co2))
    assert ours == theirs


def test_a_table_of_no_use_ends_in_one_sentence(tiny: Path, co2: Path, tmp_path: Path) -> None:
    table = pd.read_csv(co2)
    short, monthly = tmp_path / "short.csv", tmp_path / "monthly.csv"
    table.tail(9).to_csv(short, index=False)
    dates = pd.date_range("1990-01-01", periods=len(table), freq="MS")
    table.assign(date=dates).to_csv(monthly, index=False)
    assert "has 9 steps, but the network looks back over 13" in refused(
        tiny, 1, "timeseries", str(short), "--series", "co2"
    )
    assert "its steps are MS, those of co2 were W-SAT; resample" in refused(
        tiny, 1, "timeseries", str(monthly), "--series", "co2"
    )
    assert "path does not point to a file" in refused(tiny, 2, "timeseries", str(tmp_path / "none.csv"))


# Finance


@pytest.fixture
def prices(tiny: Path, tmp_path: Path) -> Path:
    path = tmp_path / "sp500.csv"
    pd.read_csv(tiny / "data/raw/finance/sp500.csv").tail(200).to_csv(path, index=False)
    return path


def test_a_price_file_gets_returns_prices_and_volatility(tiny: Path, prices: Path) -> None:
    returns, volatility = answers(tiny, "finance", str(prices))
    last = pd.read_csv(prices).iloc[-1]
    assert returns["seen"]
    dates = [pd.Timestamp(row["date"]) for row in returns["forecast"]]
    assert len(dates) == 5
    assert all(date > pd.Timestamp(last["date"]) and date.weekday() < 5 for date in dates)
    assert all(abs(row["price"] / last["close"] - 1) < 0.1 for row in returns["forecast"])
    assert 1 < volatility["forecast"][0]["volatility"] < 200


def test_a_symbol_that_training_has_not_seen_is_scaled_by_its_own_days(tiny: Path, prices: Path) -> None:
    other = prices.with_name("acme.csv")
    other.write_text(prices.read_text())
    assert not answers(tiny, "finance", str(other))[0]["seen"]
    assert "training has not seen" in predict(tiny, "finance", str(other)).stdout
    named = answers(tiny, "finance", str(other), "--symbol", "sp500")
    assert named[0]["forecast"] == answers(tiny, "finance", str(prices))[0]["forecast"]


def test_too_few_days_are_said(tiny: Path, prices: Path) -> None:
    short = prices.with_name("short.csv")
    short.write_text("".join(prices.read_text().splitlines(keepends=True)[:31]))
    assert "has 30 days, but the network and its indicators need 68" in refused(tiny, 1, "finance", str(short))


# Music


def test_a_piece_is_written_and_the_same_seed_writes_it_again(tiny: Path, tmp_path: Path) -> None:
    asked = ("music", "--style", "tunes", "--seconds", "6", "--tempo", "120", "--temperature", "2", "--top-p", "1")
    first, again, other = (tmp_path / f"{name}.mid" for name in ("first", "again", "other"))
    (found,) = answers(tiny, *asked, str(first), "--wav")
    assert found["files"] == [str(first), str(first.with_suffix(".wav"))]
    piece = midi.read(first)
    assert len(piece.notes) == found["notes"] > 0
    assert piece.notes["end"].max() <= 12
    sound, rate = soundfile.read(first.with_suffix(".wav"))
    assert 0.01 < np.abs(sound).max() < 1
    assert len(sound) / rate < 12
    answers(tiny, *asked, str(again))
    answers(tiny, *asked, str(other), "--seed", "2")
    assert first.read_bytes() == again.read_bytes() != other.read_bytes()


def test_a_piece_in_another_style_keeps_melody_tempo_and_signature(tiny: Path, tmp_path: Path) -> None:
    tune, chorale = tmp_path / "tune.mid", tmp_path / "chorale.mid"
    keys = np.array([62, 64, 65, 67, 69, 67, 65, 64] * 3)
    notes = midi.as_notes(np.arange(24) / 2, np.arange(1, 25) / 2, keys)
    midi.write(midi.Piece(notes, ((0.0, 90.0),), ((0.0, 3, 4),)), tune, program=0)
    (found,) = answers(tiny, "music", "--transfer", "chorales", str(tune), str(chorale))
    after = midi.read(chorale)
    assert after.tempi[0][1] == pytest.approx(90, abs=0.01)
    assert after.signatures[0][1:] == (3, 4)
    melody, struck = rolls.melody(rolls.from_notes(after.notes, 4)[0])
    begun = melody[struck & (melody >= 0)] + midi.LOWEST
    assert ((begun - keys[: len(begun)]) % 12 == 0).all()
    assert len(begun) == len(keys)
    assert after.quarters == pytest.approx(12 * found["times_as_long"])


def test_what_cannot_be_played_ends_in_one_sentence(tiny: Path, tmp_path: Path) -> None:
    text, out = tmp_path / "text.mid", str(tmp_path / "out.mid")
    text.write_text("no music")
    long = tmp_path / "long.mid"
    midi.write(
        midi.Piece(midi.as_notes(np.array([0, 72000.0]), np.array([1, 72001.0]), np.array([60, 62])), ((0.0, 120.0),)),
        long,
        0,
    )
    assert "text.mid" in refused(tiny, 1, "music", "--transfer", "tunes", str(text), out)
    assert "lasts 600 minutes" in refused(tiny, 1, "music", "--transfer", "tunes", str(long), out)
    assert "there is no folder" in refused(tiny, 1, "music", "--style", "tunes", str(tmp_path / "none" / "out.mid"))
    assert "there is no style 'jazz'; the networks have learned chorales, tunes" in refused(
        tiny, 2, "music", "--style", "jazz", out
    )
    assert "say either --style" in refused(tiny, 2, "music", out)
    assert "1 files are named, not 2: in.mid out.mid" in refused(tiny, 2, "music", "--transfer", "tunes", out)
    assert not Path(out).exists()


def test_without_a_trained_network_it_says_how_to_get_one(in_folder: Path) -> None:
    done = run(in_folder, sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); "
               "from pipelines.__main__ import main; sys.exit(main(['predict', 'language', 'x']))")  # fmt: skip
    assert done.returncode == 1
    assert "dvc repro" in done.stderr
