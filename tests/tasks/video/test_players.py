"""Players name their files and classes safely, and draw a cell for each frame."""

import numpy as np

from pipelines.tasks.video.players import Player, players


def test_players_draw_every_frame_and_escape_names() -> None:
    probabilities = np.full((4, 3), 0.25)
    probabilities[:, 2] = 0.5
    rows = {"gradient": np.array([0.0, 0.5, 1.0, 1.5])}
    text = players([Player("<b>", "m/a b.mp4", "m/a.png", ["one", "two", "<three>"], probabilities, rows)])
    assert text.count("<rect") == 4
    assert text.count("<polyline") == 3
    assert "&lt;b&gt;" in text
    assert "&lt;three&gt; 50%" in text
    assert "m/a%20b.mp4" in text
    assert 'fill-opacity="1.0"' in text
