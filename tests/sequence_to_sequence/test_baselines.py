"""Translation without a neural network."""

from pipelines.sequence_to_sequence import baselines


def test_word_for_word_learns_the_table_of_words() -> None:
    known = [["big", "house"], ["big", "cat"], ["small", "cat"], ["house"]]
    translations = [["büyük", "ev"], ["büyük", "kedi"], ["küçük", "kedi"], ["ev"]]
    translate = baselines.word_for_word(known, translations, iterations=20)
    assert translate([["small", "house"], ["unseen", "big"]]) == [["küçük", "ev"], ["unseen", "büyük"]]


def test_nearest_translates_with_the_pair_of_the_same_words() -> None:
    translate = baselines.nearest([["one", "two"], ["three"]], [["bir", "iki"], ["üç"]])
    assert translate([["one", "two", "two"], ["three"]]) == [["bir", "iki"], ["üç"]]
