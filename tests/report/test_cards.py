"""Model cards as they are written and shown: texts of users stay texts."""

from html.parser import HTMLParser

import pytest

from pipelines import card
from pipelines.printing import one_line
from pipelines.report import cards
from tests.report.test_texts import HOSTILE

TEXTS = [
    HOSTILE,
    "![x](https://example.org/x.png) [y](javascript:alert(1)) <https://example.org>",
    "*a* _b_ **c** `d` ~~e~~ |f| #g\n# h\n- i\n\n1. j",
    "```\n<b>\n```",
    r"\*back\* &lt;b&gt; $x^2$",
]


class Shown(HTMLParser):
    """The text and the elements of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self.elements = "", list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def shown(markdown: str) -> Shown:
    page = Shown()
    page.feed(str(cards.rendered(markdown)))
    return page


@pytest.mark.parametrize("text", TEXTS)
def test_card_shows_a_text_of_a_user_as_it_is(text: str) -> None:
    page = shown(f"- **{card.plain(text)}**: {card.plain(text)}")
    assert page.text.strip() == f"{one_line(text)}: {one_line(text)}"
    assert page.elements == ["ul", "li", "strong"]


@pytest.mark.parametrize("text", TEXTS)
def test_card_shows_a_name_of_a_user_as_code(text: str) -> None:
    page = shown(f"See {card.code(text)}.")
    assert page.text.strip() == f"See {one_line(text).replace('`', 'ˋ')}."
    assert page.elements == ["p", "code"]


@pytest.mark.parametrize("text", TEXTS)
def test_card_keeps_a_text_of_a_user_in_one_cell_of_a_table(text: str) -> None:
    page = shown(f"| metric | test |\n|---|---|\n| {card.plain(text)} | 1 |")
    assert page.elements.count("td") == 2
    assert one_line(text) in page.text


def test_card_is_shown_without_tags_and_images_of_its_text() -> None:
    page = shown(
        "# A\n\n## B\n\n<script>alert(1)</script>\n\n![x](https://example.org/x.png)\n\n[y](javascript:alert(1))"
    )
    assert page.elements == ["h3", "h3", "p", "p", "a", "p"]
    assert "<script>" in page.text
    assert "javascript:alert" in page.text
