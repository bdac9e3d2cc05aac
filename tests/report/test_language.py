"""Two languages: the catalogue has every text of the code, and a page in Turkish has none in English."""

import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message

from pipelines import registry
from pipelines.report import extraction, figures, index, language, pages, texts
from pipelines.report.figures import Figure
from pipelines.report.pages import write_assets
from pipelines.report.tour import page as tour
from tests.comparisons import compared
from tests.report.test_choice import BOTH, GRU, LSTM
from tests.report.test_index import entry
from tests.report.test_tour import forget, material, network

OTHERS = [code for code in language.LANGUAGES if code != language.SOURCE]
every_language = pytest.mark.parametrize("code", OTHERS)


@pytest.fixture(scope="module")
def extracted() -> Catalog:
    return extraction.extracted()


def messages(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


# The catalogue


@every_language
def test_catalogue_has_exactly_the_texts_of_the_code_and_all_are_translated(code: str, extracted: Catalog) -> None:
    catalogue = language.catalogue(code)
    remedy = "run `make translations`, then translate what is empty or fuzzy"
    assert {message.id for message in messages(catalogue)} == {message.id for message in messages(extracted)}, remedy
    assert not catalogue.obsolete, remedy
    assert [message.id for message in messages(catalogue) if message.fuzzy] == [], remedy
    assert [message.id for message in messages(catalogue) if not language.has_text(message)] == [], remedy


def fields(text: str) -> set[str]:
    """What a text is filled with: `{name:.1%}` of Python and charts, `%(name)s` of a template, and tags."""
    return set(re.findall(r"\{[^{}]*\}|%\(\w+\)s|</?\w[^>]*>", text))


@every_language
def test_translations_have_the_fields_of_their_texts(code: str) -> None:
    for message in messages(language.catalogue(code)):
        source = message.id if isinstance(message.id, str) else message.id[-1]
        for string in [message.string] if isinstance(message.string, str) else message.string or ():
            assert fields(string) == fields(source), source


@every_language
def test_translations_keep_the_blanks_at_their_ends(code: str) -> None:
    """A part of a sentence that begins or ends with a blank is put between others."""
    for message in messages(language.catalogue(code)):
        if isinstance(message.id, str) and isinstance(message.string, str) and message.id[0] not in ",;:":
            assert message.id[-1].isspace() == message.string[-1].isspace(), message.id
            assert message.id[0].isspace() == message.string[0].isspace(), message.id


def test_every_task_has_a_translated_title_and_question() -> None:
    for task in registry.TASKS:
        report = task.stage("report")
        with language.speaking("tr"):
            assert language.shown(report.TITLE) != report.TITLE or report.TITLE in ("Video",)
            assert language.shown(report.QUESTION) != report.QUESTION


# Numbers


def test_numbers_are_written_as_the_language_writes_them() -> None:
    assert texts.format_number(1234567) == "1,234,567"
    with language.speaking("tr"):
        assert texts.format_number(1234567) == "1.234.567"
        assert texts.format_number(-0.12345) == "−0,1235"
        assert texts.format_percent(-0.123) == "−%12,3"
        assert language.fill("{share:.1%} {count:,} {name}", share=0.5, count=1500, name="a.b") == "%50,0 1.500 a.b"
        assert language.date("2026-11-28") == "28 Kasım 2026"
    assert texts.format_percent(-0.123) == "−12.3 %"


def test_stored_words_are_found_with_their_numbers() -> None:
    with language.speaking("tr"):
        assert language.shown("+3 weeks") == "+3 hafta"
        assert language.shown("temperature 0.7") == "sıcaklık 0,7"
        assert language.shown("KeltonsReel {} 3") == "KeltonsReel {} 3"
        assert language.steps("week") == "hafta"
    assert (language.shown("+3 weeks"), language.steps("week")) == ("+3 weeks", "weeks")


def test_a_language_ends_with_its_block() -> None:
    with pytest.raises(ZeroDivisionError), language.speaking("tr"):
        raise ZeroDivisionError
    assert language.active() == language.SOURCE


# Pages


class _Spoken(HTMLParser):
    """The text of a page, scripts included, but what it marks as being in another language."""

    VOID = ("meta", "link", "br", "input", "rect", "path", "img")

    def __init__(self, code: str) -> None:
        super().__init__()
        self.code, self.open, self.found = code, [], []  # type: tuple[str, list[bool], list[str]]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            spoken = dict(attrs).get("lang") in (None, self.code)
            self.open.append(spoken and (not self.open or self.open[-1]))

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1]:
            self.found.append(unescape(data.replace("\\u0027", "'").replace("\\u003e", ">")))


def english_in(page: str, code: str, spoken: str | None = None) -> list[str]:
    """The English sentences of a catalogue, between their fields, that a page has; `spoken` is its language, if that is another one."""
    parser = _Spoken(spoken or code)
    parser.feed(page)
    text = " ".join(" ".join(parser.found).split())
    pieces = {
        piece.strip()
        for message in messages(language.catalogue(code))
        for source in ([message.id] if isinstance(message.id, str) else message.id)
        for piece in re.split(r"%\(\w+\)s|\{[^}]*\}|<[^>]*>", source.replace("%%", "%"))
    }
    return sorted(piece for piece in pieces if piece.count(" ") >= 2 and piece in text)


def small_site(folder: Path) -> list[Path]:
    """The index and the tour of a few drawn results in the language that is spoken."""
    summaries: list[dict[str, Any]] = [
        entry(f"task{number}", compared(folder, advantage, seed=number), 500, 8.0)
        for number, advantage in enumerate([0.5, 0.0, 0.4])
    ]
    saturated = network("lstm", "lstm", saturation=forget(0.7), clipped=0.5)
    rnn = network("rnn", "simple_rnn", memory_length=3.0, mean=2.0)
    materials = [
        material("task0", saturated, GRU, rnn, best="lstm"),
        material("task1", BOTH, LSTM, GRU, best="bilstm", outcome="even", recommended="gru"),
    ]
    index.write(folder / "index.html", summaries, materials)
    tour.write(folder / "tour.html", materials)
    return [folder / "index.html", folder / "tour.html"]


@every_language
def test_a_page_in_another_language_has_no_english_sentence(code: str, tmp_path: Path) -> None:
    english = small_site(tmp_path)
    assert all(len(english_in(path.read_text(encoding="utf-8"), code, language.SOURCE)) > 10 for path in english)
    with language.speaking(code):
        for path in small_site(tmp_path):
            text = path.read_text(encoding="utf-8")
            assert english_in(text, code) == [], path
            assert f'<html lang="{code}">' in text


@every_language
def test_scripts_have_their_texts_in_the_assets(code: str, tmp_path: Path) -> None:
    write_assets(tmp_path)
    says = (tmp_path / f"messages.{code}.js").read_text(encoding="utf-8")
    with language.speaking(code):
        messages = language.script_messages()
    assert "Try first: " in messages
    assert json.loads(says.partition(" = ")[2].partition(";\n")[0]) == messages
    for script in texts.TEMPLATES.glob("*.js"):
        for text in re.findall(r'gettext\("([^"]*)"\)', script.read_text(encoding="utf-8")):
            assert text in messages


def test_a_page_leads_to_its_sister_and_to_the_shared_files() -> None:
    def links(page: str, root: str) -> list[str]:
        text = pages.environment(root, page).get_template("base.html").render()
        return re.findall(r'href="([^"]*(?:style.css|\.html))"', text)

    site = ["../../index.html", "../../tour.html", "../../pipeline.html"]
    english = links("tasks/a/b c.html", "../..")
    assert english == ["../../assets/style.css", *site, "../../tr/tasks/a/b%20c.html"]
    with language.speaking("tr"):
        turkish = links("tasks/a/b c.html", "../..")
    assert turkish == ["../../../assets/style.css", *site, "../../../tasks/a/b%20c.html"]


def test_a_page_in_another_language_shares_the_files_of_the_english_one() -> None:
    assert texts.files_folder("music", "gru", "events") == "gru/events"
    with language.speaking("tr"):
        assert texts.files_folder("music", "gru", "events") == "../../../tasks/music/gru/events"


def test_charts_have_the_separators_of_the_language() -> None:
    plot = figures.lines({"a": ([1, 2], [0.5, 1.5])}, "", "")
    figure = Figure("name", "title", "shows", "reading", plot)
    template = "{{ figure | chart }}"
    assert "separators" not in pages.environment(".").from_string(template).render(figure=figure)
    with language.speaking("tr"):
        assert '"separators":",."' in pages.environment(".").from_string(template).render(figure=figure)
