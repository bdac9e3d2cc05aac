"""Texts and names of users inside a page."""

import json
from html.parser import HTMLParser

import numpy as np
import pytest

from pipelines.report import figures, pages, sounds, texts
from pipelines.report.figures import Figure

HOSTILE = "<!--<script>'\"&amp;</script>-->\u2028\x1b"


class Scripts(HTMLParser):
    """The contents of the script elements of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script":
            self.found.append("")

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "script":
            self.found[-1] += data


def hostile_page() -> str:
    """A page with a chart and a coloured text, both of which contain `HOSTILE`."""
    plot = figures.lines({HOSTILE: ([1, 2], [3, 4])}, HOSTILE, "")
    environment = pages.environment(".")
    template = environment.from_string(
        '{% extends "base.html" %}{% import "macros.html" as part with context %}'
        "{% block content %}{{ part.chart(figure) }}{{ coloured }}{% endblock %}"
    )
    return template.render(
        figure=Figure("hostile", HOSTILE, HOSTILE, HOSTILE, plot),
        coloured=texts.coloured({HOSTILE: ([HOSTILE], {HOSTILE: texts.Layer(np.ones((1, 1)), [HOSTILE])})}, HOSTILE),
    )


def test_page_has_no_markup_inside_its_data() -> None:
    parser = Scripts()
    parser.feed(hostile_page())
    *_, page, chart, coloured = parser.found
    for script in (page, chart, coloured):
        assert "<" not in script
    assert json.loads(chart)["data"][0]["name"] == HOSTILE
    assert json.loads(coloured)[0]["tokens"] == [HOSTILE]


@pytest.mark.parametrize("name", ["C#", "why?", "50%", "a b", "日本", '"><script>'])
def test_links_lead_to_files_of_any_name(name: str) -> None:
    quoted = {
        "C#": "C%23",
        "why?": "why%3F",
        "50%": "50%25",
        "a b": "a%20b",
        "日本": "%E6%97%A5%E6%9C%AC",
        '"><script>': "%22%3E%3Cscript%3E",
    }
    clip = sounds.Clip("piece", f"lstm/{name}/1.mp3", f"lstm/{name}/1.mid", np.array([(0, 1, 60)]))
    page = sounds.clips({"group": [clip]})
    assert f'src="lstm/{quoted[name]}/1.mp3"' in page
    assert f'href="lstm/{quoted[name]}/1.mid"' in page


def test_files_of_every_model_and_target_have_a_folder_of_their_own() -> None:
    assert texts.files_folder("task", "a-b", "c") != texts.files_folder("task", "a", "b-c")


def test_format_percent_has_one_decimal_below_a_hundred() -> None:
    assert [texts.format_percent(share) for share in (0.0825, -0.5, -0.00001, 1.5, 59.44)] == [
        "8.2 %", "−50.0 %", "0.0 %", "150 %", "5,944 %",
    ]  # fmt: skip
