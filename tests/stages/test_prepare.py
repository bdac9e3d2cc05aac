"""`prepare`, of a task that only makes targets."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pipelines import paths
from pipelines.contract import Meta
from pipelines.errors import InputError
from pipelines.stages import prepare
from pipelines.task import Task


class Stub:
    name = "stub"

    def __init__(self, *targets: str) -> None:
        self.targets = targets

    def stage(self, kind: str) -> Any:
        split = SimpleNamespace(splits={})
        return SimpleNamespace(prepare=lambda *_: Meta(dict.fromkeys(self.targets, split), "in words"))


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        (("a/b",), "a target is called 'a/b': there is a /"),
        (("x" * 101,), "101 bytes"),
        (("Jazz", "jazz"), "for the same"),
    ],
)
def test_prepare_refuses_targets_that_are_no_folders_of_their_own(
    in_folder: Path, targets: tuple[str, ...], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        prepare.run(cast(Task, Stub(*targets)), SimpleNamespace(prepare=None))
    assert not paths.prepared("stub").exists()
