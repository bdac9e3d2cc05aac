"""The parameters by which the tests prepare sound."""

import pytest

from pipelines import params
from pipelines.tasks.speech.params import Params, Prepare
from tests.conftest import ROOT


@pytest.fixture(scope="session")
def block() -> Params:
    """The block of params.yaml."""
    return params.block("speech", Params, ROOT / "params.yaml")


@pytest.fixture(scope="session")
def settings(block: Params) -> Prepare:
    """Its part `prepare`."""
    return block.prepare
