from pipelines.nn.vocabulary import BEGIN, END, PADDING, UNKNOWN, Vocabulary

WORDS = ["b", "a", "b", "c", "b", "a"]


def test_vocabulary_lists_words_by_frequency_after_the_special_tokens() -> None:
    assert (PADDING, UNKNOWN, BEGIN, END) == (0, 1, 2, 3)
    assert Vocabulary.fitted(WORDS).words[4:] == ("b", "a", "c")
    assert Vocabulary.fitted(WORDS, min_count=2).words[4:] == ("b", "a")
    assert Vocabulary.fitted(WORDS, max_size=1).words[4:] == ("b",)
    assert len(Vocabulary.fitted(WORDS)) == 7


def test_vocabulary_decodes_up_to_the_end_token() -> None:
    assert Vocabulary.fitted(WORDS).decode([BEGIN, 5, 4, END, 6, PADDING]) == ["a", "b"]


def test_vocabulary_encodes_unseen_words_as_unknown() -> None:
    assert Vocabulary.fitted(WORDS).encode(["a", "x", "b"]) == [5, UNKNOWN, 4]


def test_vocabulary_encodes_names_of_special_tokens_as_unknown() -> None:
    vocabulary = Vocabulary.fitted(WORDS)
    assert vocabulary.encode([vocabulary.words[END], vocabulary.words[PADDING]]) == [UNKNOWN, UNKNOWN]
