from pipelines.nn.vocabulary import BEGIN, END, PADDING, UNKNOWN, Vocabulary

WORDS = ["b", "a", "b", "c", "b", "a"]


def test_vocabulary_has_the_most_frequent_words_behind_the_four_special_tokens() -> None:
    assert (PADDING, UNKNOWN, BEGIN, END) == (0, 1, 2, 3)
    assert Vocabulary.fitted(WORDS).words[4:] == ("b", "a", "c")
    assert Vocabulary.fitted(WORDS, min_count=2).words[4:] == ("b", "a")
    assert Vocabulary.fitted(WORDS, max_size=1).words[4:] == ("b",)
    assert len(Vocabulary.fitted(WORDS)) == 7


def test_words_come_back_from_their_numbers_up_to_the_end() -> None:
    vocabulary = Vocabulary.fitted(WORDS)
    assert vocabulary.encode(["a", "x", "b"]) == [5, UNKNOWN, 4]
    assert vocabulary.decode([BEGIN, 5, 4, END, 6, PADDING]) == ["a", "b"]


def test_special_names_in_a_text_are_unknown_words() -> None:
    vocabulary = Vocabulary.fitted(WORDS)
    assert vocabulary.encode([vocabulary.words[END], vocabulary.words[PADDING]]) == [UNKNOWN, UNKNOWN]
