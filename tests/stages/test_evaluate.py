from pipelines.stages import evaluate


def test_median_seed_is_not_the_one_that_diverged_at_once() -> None:
    """A training without a finite loss has none in `training.json`, and counts as the worst."""
    assert evaluate._median_seed([1, 2, 3], [0.2, 0.1, 0.3]) == 1
    assert evaluate._median_seed([1, 2, 3], [None, 0.1, 0.3]) == 3  # type: ignore[list-item]
    assert evaluate._median_seed([1, 2], [None, 0.1]) == 2  # type: ignore[list-item]


def test_diverged_names_the_seeds_of_each_target_that_has_some() -> None:
    trained = {"seeds": [5, 6], "targets": {"a": {"diverged": [None, 3]}, "b": {"diverged": [None, None]}}}
    assert evaluate._diverged(trained) == {"a": [6]}
