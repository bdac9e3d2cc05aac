"""The words of `python -m pipelines predict TASK …` and what is printed, without a trained network."""

import argparse
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.__main__ import parser as flows_parser
from gatehouse.__main__ import main as gatehouse_main
from gatehouse.__main__ import parser as gatehouse_parser
from pipelines import registry
from pipelines.__main__ import main, parser, predict_parser
from pipelines.predict import Prediction, print_predictions
from pipelines.tasks.language import predict as language
from pipelines.tasks.music import predict as music


@pytest.fixture
def echo(in_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`predict language` and `predict music` answer with their own arguments."""

    def predict(trained: Any, options: argparse.Namespace) -> Iterator[Prediction]:
        yield Prediction({key: value for key, value in vars(options).items() if value is not None}, "done")

    for module in (language, music):
        monkeypatch.setattr(module, "predict", predict)


def answer(capsys: pytest.CaptureFixture[str]) -> Any:
    (values,) = json.loads(capsys.readouterr().out)
    return values


@pytest.mark.parametrize(
    ("words", "prompts"),
    [
        (["--", "-x"], ["-x"]),
        (["--length", "5", "--", "-x", "--json"], ["-x", "--json"]),
        (["one", "--length", "5", "--", "-x"], ["one", "-x"]),
        (["one", "--", "-x", "--", "--length"], ["one", "-x", "--", "--length"]),
        (["one", "--length", "5", "two"], ["one", "two"]),
    ],
)
def test_predict_takes_words_after_two_dashes_as_they_are(
    echo: None, capsys: pytest.CaptureFixture[str], words: list[str], prompts: list[str]
) -> None:
    for run in (main, gatehouse_main):
        assert run(["predict", "language", "--json", *words]) == 0
        assert answer(capsys)["prompts"] == prompts


def test_predict_takes_a_file_whose_name_begins_with_a_dash(echo: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", "music", "--json", "--style", "tunes", "--", "-out.mid"]) == 0
    assert answer(capsys)["files"] == ["-out.mid"]
    Path("-prices.csv").write_text("date,close\n")
    options = predict_parser(registry.find("finance"), "gatehouse").parse_intermixed_args(["\0-prices.csv"])
    assert options.file == Path("-prices.csv")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["language", "x", "--length", "1000000000"], "less than or equal to 100000"),
        (["music", "--style", "tunes", "o.mid", "--seconds", "1e9"], "less than or equal to 600"),
        (["music", "--style", "tunes", "o.mid", "--tempo", "1e-9"], "greater than or equal to 4"),
        (["music", "--style", "tunes", "o.mid", "--tempo", "inf"], "less than or equal to 1000"),
    ],
)
def test_predict_refuses_a_size_beyond_reason(
    echo: None, capsys: pytest.CaptureFixture[str], command: list[str], message: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["predict", *command])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_predictions_are_json_whatever_they_contain(capsys: pytest.CaptureFixture[str]) -> None:
    values = {"a": float("nan"), "b": [float("-inf"), 1.5, (2, None)], "c": {"d": "\x1b[31m\x9b\x7fü\n\u2028"}}
    print_predictions([Prediction(values, "")], as_json=True)
    text = capsys.readouterr().out
    assert json.loads(text) == [{"a": None, "b": [None, 1.5, [2, None]], "c": values["c"]}]
    assert "ü" in text
    assert all(character.isprintable() or character == "\n" for character in text)


def test_predictions_are_json_where_the_terminal_has_only_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    print_predictions([Prediction({"text": "«Ü»\udcff"}, "")], as_json=True)
    assert json.loads(raw.getvalue()) == [{"text": "«Ü»\udcff"}]


def test_predictions_steer_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_predictions([Prediction({}, "a\tü\nb\x1b[31m"), Prediction({}, "c")], as_json=False)
    assert capsys.readouterr().out == "a\tü\nb\\x1b[31m\n\nc\n"


def test_help_of_every_command_fits_any_terminal() -> None:
    parsers = [parser(), flows_parser(), gatehouse_parser(), *(predict_parser(task, "") for task in registry.TASKS)]
    for each in parsers:
        subparsers = [
            sub
            for action in each._actions
            if isinstance(action, argparse._SubParsersAction)
            for sub in action.choices.values()
        ]
        for one in (each, *subparsers):
            assert one.format_help().isascii(), one.prog
