from hypothesis import given
from hypothesis import strategies as st

from pipelines import names
from pipelines.printing import harmless, one_line, printable

TEXTS = st.text(st.characters(), max_size=300)


@given(TEXTS)
def test_slug_of_any_text_is_a_name(text: str) -> None:
    name = names.slug(text)
    assert names.fault_of_target(name) is None
    assert names.slug(name) == name


@given(TEXTS)
def test_printed_text_steers_no_terminal(text: str) -> None:
    for shown in (printable(text), harmless(text), one_line(text)):
        assert not set(shown) & set(map(chr, (*range(9), *range(11, 32), *range(127, 160), 0x202E, 0x2028)))
    assert "\n" not in one_line(text)
