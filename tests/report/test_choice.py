"""The table from what a problem is like to what this run recommends."""

from dataclasses import replace

from pipelines.report import choice
from tests.report.test_tour import material, network

LSTM, GRU, BOTH = (
    network("lstm", "lstm"),
    network("gru", "gru", seconds_per_epoch=1.0),
    network("bilstm", "lstm", bidirectional=True),
)


def test_a_family_is_supported_where_its_model_is_not_significantly_worse() -> None:
    found = choice.case(material("language", LSTM, GRU, best="lstm", alike=["gru"]))
    assert found.good == {"LSTM": 2.0, "GRU": 1.0}
    assert found.worse == [choice.BASELINE]


def test_a_baseline_that_no_network_beats_is_good() -> None:
    found = choice.case(material("finance", LSTM, GRU, outcome="even"))
    assert choice.BASELINE in found.good
    assert found.worse == ["GRU"]


def test_the_most_supported_family_is_recommended_where_there_is_time() -> None:
    cases = [
        choice.case(material("one", LSTM, GRU, best="lstm")),
        choice.case(material("two", LSTM, GRU, best="lstm")),
        choice.case(material("three", LSTM, GRU, best="gru")),
    ]
    found = choice.choose(cases, ["measurements", "few", "little", "no", "enough"])
    assert (found.family, found.supporting, found.against) == ("LSTM", [0, 1], [2])


def test_the_quicker_of_two_that_are_not_significantly_different_is_recommended() -> None:
    cases = [choice.case(material("one", LSTM, GRU, best="lstm", alike=["gru"]))]
    for time in choice.TIME:
        assert choice.choose(cases, ["measurements", "few", "little", "no", time]).family == "GRU"


def test_with_little_time_a_family_that_no_problem_speaks_against_comes_before_a_quicker_one() -> None:
    cases = [
        choice.case(material("one", LSTM, GRU, best="lstm", alike=["gru"])),
        choice.case(material("two", LSTM, GRU, best="lstm")),
    ]
    found = choice.choose(cases, ["measurements", "few", "little", "no", "little"])
    assert (found.family, found.against) == ("LSTM", [])


def test_no_family_that_needs_the_future_is_recommended_where_it_may_not_be_seen() -> None:
    cases = [
        choice.case(material("topics", LSTM, BOTH, best="bilstm", sequence="text")),
        choice.case(material("series", LSTM, GRU, best="lstm")),
    ]
    found = choice.choose(cases, ["text", "few", "little", "no", "enough"])
    assert found.family == "LSTM"
    assert found.supporting == [1]


def test_the_table_answers_every_combination() -> None:
    materials = [material("topics", LSTM, BOTH, best="bilstm", sequence="text"), material("series", LSTM, GRU)]
    content = choice.content(materials)
    questions = content["questions"]
    combinations = 1
    for options in questions.values():
        combinations *= len(options)
    assert len(content["table"]) == combinations == 2 * 3 * 3 * 2 * 2
    assert {answer.family for answer in content["table"].values()} == {"LSTM", "bidirectional LSTM"}


def test_nothing_is_recommended_where_every_network_needs_the_future() -> None:
    both = network("bigru", "gru", bidirectional=True)
    found = choice.choose([choice.case(material("topics", BOTH, both))], ["text", "few", "little", "no", "enough"])
    assert found.family is None


def test_problems_that_share_more_properties_count() -> None:
    like = choice.case(material("like", LSTM, GRU, best="gru"))
    unlike = choice.case(material("unlike", LSTM, GRU, best="lstm", sequence="sound", examples=50_000))
    found = choice.choose([like, unlike], ["measurements", "few", "little", "no", "enough"])
    assert (found.family, found.matching, found.supporting) == ("GRU", 4, [0])
    assert (
        choice.choose(
            [replace(like, memory="many"), unlike], ["measurements", "few", "little", "no", "enough"]
        ).matching
        == 3
    )
