from pathlib import Path

import pytest

from pipelines import paths
from pipelines.errors import MissingStageError
from pipelines.stages import site


def test_site_without_a_report_is_an_error(in_folder: Path) -> None:
    with pytest.raises(MissingStageError, match=r"^reports/tasks holds no report: run `dvc repro`, which writes them"):
        site.run()
    assert not paths.REPORTS.exists()
