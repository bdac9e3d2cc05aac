from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pipelines import paths, registry
from pipelines.contract import Source
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


class Stub:
    """A task whose only part of the data is called `part`."""

    name = "stub"

    def __init__(self, part: str) -> None:
        self.part = part

    def stage(self, kind: str) -> Any:
        return SimpleNamespace(SAMPLES=("sample",), collect=lambda *_: Source(False, {self.part: {}}))


@pytest.mark.parametrize("part", [" ", "a\x1b[31m", "a\nb", "a\udcff", ".a"])
def test_collect_refuses_a_part_whose_name_is_no_name(in_folder: Path, part: str) -> None:
    params = SimpleNamespace(collect=SimpleNamespace(samples=("sample",)))
    with pytest.raises(InputError, match=r"^data/input/stub: a file or folder there .*; rename it$") as caught:
        collect.run(cast(Task, Stub(part)), params)
    assert str(caught.value).isprintable()
    assert not paths.raw("stub").exists()
