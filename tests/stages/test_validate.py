import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipelines import params, paths, registry
from pipelines.errors import ExpectationError
from pipelines.stages import validate

pytestmark = pytest.mark.graph


@pytest.fixture
def prepared(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the tiny graph's prepared data, for the tests to corrupt."""
    shutil.copytree(tiny / "data" / "prepared", tmp_path / "data" / "prepared", symlinks=False)
    shutil.copyfile(tiny / "params.yaml", tmp_path / "params.yaml")
    monkeypatch.chdir(tmp_path)
    params.values.cache_clear()
    return tmp_path


def corrupt(path: Path, column: str, row: int, value: Any) -> None:
    table = pd.read_parquet(path)
    table.loc[row, column] = value
    path.unlink()
    table.to_parquet(path, index=False)


@pytest.mark.parametrize(
    ("task", "table", "column", "row", "value", "message"),
    [
        ("timeseries", "co2/table.parquet", "scaled", 700, np.nan, "scaled: column values to not be null"),
        ("timeseries", "co2/table.parquet", "scaled", 700, 99.0, "scaled: column values to be between"),
        ("timeseries", "sunspots/table.parquet", "date", 700, pd.Timestamp("1800-01-01"), "in_order: column values to"),
        ("finance", "table.parquet", "close", 900, -1.0, "close: column values to be between"),
        ("finance", "table.parquet", "return", 900, 0.9, "return: column values to be between"),
        ("finance", "scaled.parquet", "RSI 14", 900, np.nan, "RSI 14: column values to not be null"),
    ],
)
def test_validate_refuses_a_broken_table_with_expectation_and_examples(
    prepared: Path, task: str, table: str, column: str, row: int, value: object, message: str
) -> None:
    corrupt(paths.prepared(task) / table, column, row, value)
    with pytest.raises(ExpectationError) as caught:
        validate.run(registry.find(task), registry.find(task).params())
    assert message in str(caught.value)
    assert "nothing is trained on these data" in str(caught.value)
    assert "for example" in str(caught.value)
    # The change from the row before, which the first row of a series does not have, is looked at without that row.
    shown = row - 1 if column == "scaled" and table.startswith("co2") else row
    series = f" *{table.partition('/')[0]}" if task == "timeseries" else ""
    if table.startswith("sunspots"):
        shown += len(pd.read_parquet(paths.prepared(task) / "co2/table.parquet"))
    assert re.search(rf"^{shown}\b{series}", str(caught.value), re.MULTILINE)
    assert not paths.validated(task).exists()


@pytest.mark.parametrize("task", ["timeseries", "finance"])
def test_validate_refuses_overlapping_splits(prepared: Path, task: str) -> None:
    folder = next(path for path in sorted(paths.prepared(task).iterdir()) if (path / "valid.npy").exists())
    origins = np.load(folder / "valid.npy")
    np.save(folder / "valid.npy", np.concatenate([origins[:1] - 40, origins[1:]]))
    with pytest.raises(ExpectationError, match="first_target"):
        validate.run(registry.find(task), registry.find(task).params())
