from pathlib import Path

import pytest

from pipelines import paths, registry
from pipelines.errors import InputError
from pipelines.stages import collect
from pipelines.task import Task


@pytest.mark.parametrize("task", registry.TASKS, ids=lambda task: task.name)
def test_collect_of_an_unknown_sample_lists_the_known_ones(task: Task, in_folder: Path) -> None:
    params = task.params()
    wrong = params.model_copy(update={"collect": params.collect.model_copy(update={"samples": ("missing",)})})
    offered = ", ".join(task.stage("collect").SAMPLES)
    with pytest.raises(
        InputError, match=rf"^{task.name}\.collect\.samples: there is no sample 'missing'; there are {offered}$"
    ):
        collect.run(task, wrong)
    assert not paths.raw(task.name).exists()
