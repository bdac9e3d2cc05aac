"""From which moment on a network has known; and what is not a clip is refused before a network is loaded."""

import argparse
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from pipelines.errors import InputError
from pipelines.tasks.video import predict


@pytest.mark.parametrize(
    ("likeliest", "share"), [([1, 1, 1, 1], 0.25), ([0, 1, 1, 1], 0.5), ([1, 1, 0, 1], 1.0), ([1, 0, 1, 1], 0.75)]
)
def test_known_from_is_the_share_after_which_the_class_stays(likeliest: list[int], share: float) -> None:
    assert predict.known_from(np.eye(2)[likeliest]) == share


def refused(*names: str) -> str:
    with pytest.raises(InputError) as error:
        next(predict.predict(cast(Any, None), argparse.Namespace(clips=list(names))))
    return str(error.value)


def test_predict_refuses_what_is_not_a_clip(tmp_path: Path) -> None:
    text = tmp_path / "clip.mp4"
    text.write_text("not a video")
    assert "cannot be read as a video" in refused(str(text))
    assert refused(str(tmp_path)) == f"{tmp_path}: is not a file; name a video"
    assert refused(str(tmp_path / "none.mp4")).endswith("is not a file; name a video")
