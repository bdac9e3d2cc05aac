"""What an import loads. Which package may import which is checked by import-linter (`pyproject.toml`, `make check`)."""

import subprocess
import sys

import pytest

from pipelines import registry
from pipelines.task import STAGES
from tests.conftest import ROOT

HEAVY = ("tensorflow", "keras", "librosa", "music21", "great_expectations", "shap")


def imported(code: str, names: tuple[str, ...]) -> list[str]:
    """Those of `names` that a fresh interpreter has imported after `code`."""
    code = f"import sys\n{code}\nprint(*[name for name in {names!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize(
    "code",
    [
        "import pipelines.__main__, pipelines.params, pipelines.registry",
        "from pipelines import runs, registry\nfor task in registry.TASKS: task.params()",
    ],
    ids=["command line", "parameters"],
)
def test_pipelines_imports_no_heavy_library(code: str) -> None:
    assert imported(code, (*HEAVY, "pandas", "plotly", "scipy", "sklearn")) == []


def test_flows_imports_no_heavy_library() -> None:
    assert imported("import flows.__main__", ("prefect", "dvc", "numpy", "rich")) == []


def test_stages_import_tensorflow_only_where_they_need_it() -> None:
    light = [kind for kind in STAGES if kind not in ("train", "evaluate", "validate", "release")]
    code = f"import {', '.join(f'pipelines.stages.{kind}' for kind in [*light, 'code', 'site'])}\n" + "\n".join(
        f"from pipelines.tasks.{task.name} import {', '.join([*light, 'predict'])}" for task in registry.TASKS
    )
    assert imported(code, HEAVY) == []
