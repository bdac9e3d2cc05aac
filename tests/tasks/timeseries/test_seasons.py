import pytest

from pipelines.tasks.timeseries.seasons import season_of, step_name


@pytest.mark.parametrize(
    ("frequency", "season"),
    [("h", 24), ("30min", 48), ("15min", 96), ("7min", 1), ("2h", 12), ("D", 7), ("2D", 1), ("7D", 1), ("B", 5), ("W-SAT", 52),
     ("2W-SUN", 26), ("MS", 12), ("BME", 12), ("3MS", 4), ("QS-OCT", 4), ("BQE-DEC", 4), ("YS-JAN", 1), ("SMS-15", 24)],
)  # fmt: skip
def test_season_follows_the_step(frequency: str, season: int) -> None:
    assert season_of(frequency) == season


def test_step_has_the_name_of_its_frequency() -> None:
    assert [step_name(frequency) for frequency in ("W-SAT", "BQE-DEC", "30min", "2h")] == [
        "week", "quarter", "step", "step"
    ]  # fmt: skip
