import pandas as pd

from pipelines.analysis import cost


def history(*losses: list[float], seconds: float = 2.0) -> pd.DataFrame:
    """A run of each list of validation losses."""
    rows = [
        {"target": "t", "seed": seed, "epoch": epoch, "valid_loss": loss, "seconds": seconds}
        for seed, run in enumerate(losses)
        for epoch, loss in enumerate(run)
    ]
    return pd.DataFrame(rows)


def test_to_reach_is_measured_to_the_loss_that_every_run_reaches() -> None:
    fast, slow = history([3, 1, 0.5], [2, 2, 1]), history([5, 4, 3, 2], [5, 5, 1], seconds=10)
    assert cost.to_reach({"fast": fast, "slow": slow}, "t") == {
        "valid_loss": 2,
        "models": {"fast": {"epochs": 1.5, "seconds": 3}, "slow": {"epochs": 3.5, "seconds": 35}},
    }


def test_to_reach_of_a_run_that_never_had_a_finite_loss_is_none() -> None:
    nan = float("nan")
    found = cost.to_reach({"exploded": history([nan, nan]), "fine": history([1, 0.5])}, "t")
    assert found["models"] == {"exploded": None, "fine": {"epochs": 2, "seconds": 4}}
    assert cost.to_reach({"exploded": history([nan])}, "t") == {"valid_loss": None, "models": {"exploded": None}}
