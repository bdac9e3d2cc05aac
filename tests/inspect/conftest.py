import pytest

from pipelines.nn import hardware


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """TensorFlow has begun, and other tests need it as it is."""
    monkeypatch.setattr(hardware, "set_up", lambda: None)
