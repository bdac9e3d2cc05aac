import pytest

from pipelines import names


@pytest.mark.parametrize("name", ["lstm", "gru_matched", "LSTM-2", "a"])
def test_identifier_of_letters_digits_and_dashes_is_allowed(name: str) -> None:
    assert names.fault_of_identifier(name) is None


@pytest.mark.parametrize("name", ["co2", "ölpreis", "brk-b", "^gspc", "C# & F?", "50%", "日経"])
def test_name_of_a_part_of_the_data_may_be_in_any_language(name: str) -> None:
    assert names.fault(name) is None


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "nothing but space"),
        (" ", "nothing but space"),
        ("a\nb", "control characters"),
        ("a\x1b[31m", "control characters"),
        ("a\u202eb", "control characters"),
        ("a/b", "a / or"),
        ("..\\a", "a / or"),
        (".a", "begins or ends"),
        ("a ", "begins or ends"),
        ("a\udcff", "not in UTF-8"),
    ],
)
def test_name_of_a_part_of_the_data_that_is_no_file_of_its_own_is_refused(name: str, why: str) -> None:
    assert why in str(names.fault(name))


def test_target_of_many_bytes_is_refused() -> None:
    assert names.fault_of_target("ö" * 50) is None
    assert "102 bytes" in str(names.fault_of_target("ö" * 51))


def test_names_are_alike_where_a_file_system_takes_them_for_the_same() -> None:
    assert names.alike(["jazz", "tunes", "Jazz"]) == ("jazz", "Jazz")
    assert names.alike(["caf\u00e9", "cafe\u0301"]) == ("caf\u00e9", "cafe\u0301")
    assert names.alike(["jazz", "tunes"]) is None


def test_slug_joins_words_in_lower_case() -> None:
    assert [names.slug(text) for text in ("Sales (EUR)", " a-b ", "Ölpreis", "cafe\u0301", "?")] == [
        "sales_eur",
        "a_b",
        "ölpreis",
        "caf\u00e9",
        "series",
    ]


def test_slug_cuts_a_long_name_and_keeps_it_apart_from_others() -> None:
    one, other = (names.slug("ö" * 200 + end) for end in "ab")
    assert one != other
    assert names.fault_of_target(one) is None
    assert one == names.slug("ö" * 200 + "a")
