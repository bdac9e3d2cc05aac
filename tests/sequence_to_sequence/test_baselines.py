"""Translation without a neural network."""

from pipelines.sequence_to_sequence import baselines


def test_nearest_translates_with_the_pair_of_the_same_words() -> None:
    translate = baselines.nearest([["one", "two"], ["three"]], [["bir", "iki"], ["üç"]])
    assert translate([["one", "two", "two"], ["three"]]) == [["bir", "iki"], ["üç"]]
