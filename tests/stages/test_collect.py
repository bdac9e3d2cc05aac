from pathlib import Path

import pytest

from pipelines import params, paths, registry
from pipelines.errors import InputError
from pipelines.registry import Task
from pipelines.stages import collect
from tests.conftest import ROOT


@pytest.mark.parametrize("task", registry.TASKS, ids=lambda task: task.name)
def test_an_unknown_sample_is_named_with_those_there_are(
    task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    loaded = params.load(ROOT / "params.yaml")
    block = loaded.task(task.name)
    source = block.source.model_copy(update={"samples": ("missing",)})
    wrong = loaded.model_copy(update={task.name: block.model_copy(update={"source": source})})
    offered = ", ".join(task.source.SAMPLES)
    with pytest.raises(
        InputError, match=rf"^{task.name}\.source\.samples: there is no sample 'missing'; there are {offered}$"
    ):
        collect.run(task, wrong)
    assert not paths.raw(task.name).exists()
