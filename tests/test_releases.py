"""Released models: their cards as they are read, and their copies."""

from pathlib import Path

import pytest

from pipelines import releases
from pipelines.__main__ import main
from pipelines.errors import DamagedError, MissingStageError


@pytest.fixture
def released(in_folder: Path) -> Path:
    """A folder with a released model."""
    folder = releases.model("timeseries", "lstm")
    (folder / "saved_model" / "co2").mkdir(parents=True)
    (folder / "saved_model" / "co2" / "saved_model.pb").write_bytes(b"graph")
    (folder / releases.CARD).write_text("---\nlicense: other\n---\n\n# The card\n\n---\n\nA line.\n")
    return in_folder


def export(*words: str) -> int:
    return main(["export", "timeseries", "lstm", *words])


def test_card_is_read_without_its_fields(released: Path) -> None:
    assert releases.card("timeseries", "lstm") == "# The card\n\n---\n\nA line.\n"


def test_card_that_is_missing_or_damaged_is_named(released: Path) -> None:
    with pytest.raises(MissingStageError, match=r"gru/README.md is missing"):
        releases.card("timeseries", "gru")
    (releases.model("timeseries", "lstm") / releases.CARD).write_text("no fields")
    with pytest.raises(DamagedError, match=r"lstm/README.md is damaged"):
        releases.card("timeseries", "lstm")


@pytest.mark.parametrize("exists", [False, True])
def test_export_copies_the_card_and_the_networks(released: Path, exists: bool) -> None:
    if exists:
        Path("given").mkdir()
    assert export("--to", "given") == 0
    assert Path("given", "saved_model", "co2", "saved_model.pb").read_bytes() == b"graph"
    assert Path("given", "README.md").exists()
    assert sorted(path.name for path in Path("given").iterdir()) == ["README.md", "saved_model"]


def refused(capsys: pytest.CaptureFixture[str], *words: str, status: int = 1) -> str:
    assert export(*words) == status
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


def test_export_refuses_a_folder_that_holds_files_and_leaves_them(
    released: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("given").mkdir()
    Path("given", "mine").write_text("mine")
    assert "given: is a folder that is not empty; name a folder that is new or empty" in refused(
        capsys, "--to", "given"
    )
    assert "given/mine: is a file" in refused(capsys, "--to", "given/mine")
    assert [path.name for path in Path("given").iterdir()] == ["mine"]


def test_export_refuses_a_folder_within_the_releases(released: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "DVC keeps" in refused(capsys, "--to", "artifacts/releases/timeseries/lstm/copy")


def test_export_without_a_release_names_the_command_that_makes_it(
    in_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "run `dvc repro release@timeseries`" in refused(capsys, "--to", "given")


def test_export_of_an_unknown_model_or_without_a_folder_is_wrong_usage(
    released: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "timeseries", "transformer", "--to", "given"]) == 2
    assert "its models in params.yaml are" in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        export()
    assert ended.value.code == 2
