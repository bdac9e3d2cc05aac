"""The microscope's page in headless Chromium, opened from disk with the network off, with a synthetic record of 500 steps × 256 units."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.microscope import MODEL, OTHER, STEPS, TARGET, UNITS, WHOLE, characters, record, write_page
from pipelines.analysis.microscope import quantised, restored
from pipelines.contract import Microscope
from pipelines.report import microscope
from pipelines.report.microscope_texts import TEXTS
from pipelines.report.texts import TEMPLATES
from pipelines.report.tracks import Track, of_characters, of_series, of_words
from tests.report.test_texts import HOSTILE

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SCRIPTS = [name for name in microscope.ASSETS if name.endswith(".js")]


# Without a browser


def test_data_script_keeps_hostile_texts_as_texts() -> None:
    short = record(steps=2, units=3, whole=1, further=1)
    script = microscope.data_script(HOSTILE, HOSTILE, short, [of_words([[HOSTILE, "b"]] * 2, "word")])
    assert "<" not in script
    stored = json.loads(script.partition("] = ")[2].rstrip(";\n"))
    assert stored["model"] == HOSTILE
    assert stored["tracks"][0]["values"][0] == [HOSTILE, "b"]


def test_data_script_leaves_out_properties_that_do_not_vary() -> None:
    short = record(steps=2, units=3, whole=1, further=1)
    rows = [np.array([[1.0, 5.0], [2.0, 5.0]])] * 2
    script = microscope.data_script("m", "t", short, [of_series(rows, ["x", "constant"], "step")])
    assert '"constant":[' not in script
    assert '"x":[[1.0,2.0]]' in script


def test_data_script_cuts_a_track_to_the_steps_of_its_layers() -> None:
    short = record(steps=2, units=3, whole=1, further=1)
    track = Track("image", [np.ones((9, 4)), np.ones((3, 4))], "frame", {}, stride=2)
    stored = json.loads(microscope.data_script("m", "t", short, [track]).partition("] = ")[2].rstrip(";\n"))
    assert stored["tracks"][0]["steps"] == [4, 3]
    assert [image["shape"] for image in stored["tracks"][0]["values"]] == [[4, 4], [3, 4]]


def test_layers_read_the_track_whose_name_their_path_begins_with() -> None:
    short = record(steps=2, units=3, whole=1, further=1)
    layers = [replace(short.layers[0], layer=name) for name in ("encoder/lstm_1", "decoder/lstm_1")]
    tracks = [of_words([["a", "b"]] * 2, "word", layers=name) for name in ("encoder", "decoder")]
    script = microscope.data_script("m", "t", Microscope(short.sequences, short.further, layers), tracks)
    assert re.findall(r'"track":(\d)', script) == ["0", "1"]


def test_data_script_of_an_empty_record_has_no_layers() -> None:
    script = microscope.data_script("m", "t", Microscope([], [], []), [])
    stored = json.loads(script.partition("] = ")[2].rstrip(";\n"))
    assert (stored["layers"], stored["tracks"]) == ([], [])


def test_scripts_use_every_text_and_no_other() -> None:
    source = "".join((TEMPLATES / name).read_text(encoding="utf-8") for name in SCRIPTS)
    for name in TEXTS:
        found = f'"{name}"' in source or f"texts.{name}" in source or name in ("by closed", "by open")
        assert found, name
    for name in re.findall(r'texts\["([^"]+)"\]', source):
        assert name in TEXTS


# In a browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert CHROMIUM, "the pages are tested in Chromium: install it (Debian: apt-get install chromium)"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


PLANTED = ((0, 40), (2, 300), (WHOLE + 1, 77))
"""Sequence and first step of the places at which unit 5 does the same."""
LENGTH = 12


@pytest.fixture(scope="module")
def shown() -> Microscope:
    """A record in which unit 5 does something rare at three places."""
    made = record()
    (layer,) = made.layers
    memory, further = restored(layer.states["cell_state"]), restored(layer.further)
    pattern = np.tile([0.99, -0.99], LENGTH // 2)
    for sequence, first in PLANTED:
        values = memory[sequence] if sequence < WHOLE else further[sequence - WHOLE]
        values[first : first + LENGTH, 5] = pattern
    states = {**layer.states, "cell_state": quantised(memory)}
    return replace(made, layers=[replace(layer, states=states, further=quantised(further))])


@pytest.fixture(scope="module")
def written(shown: Microscope, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_page(tmp_path_factory.mktemp("microscope"), shown, characters())


@pytest.fixture
def page(written: Path, browser: Browser) -> Iterator[Page]:
    """The page, whose console must stay silent."""
    context = browser.new_context(offline=True, viewport={"width": 1400, "height": 900})
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("requestfailed", lambda request: faults.append(f"failed: {request.url}"))
    page.goto(written.as_uri())
    page.wait_for_function("Microscope.open[0].panes.length === 1")
    yield page
    assert faults == []
    context.close()


pane = "Microscope.open[0].panes[0]"


@pytest.mark.graph
def test_cursor_moves_by_keyboard_and_shows_every_gate_of_the_step(page: Page, shown: Microscope) -> None:
    page.locator(".scope-pane").focus()
    for key in ("ArrowRight", "ArrowRight", "Shift+ArrowRight", "ArrowLeft", "ArrowDown"):
        page.keyboard.press(key)
    page.wait_for_function("document.querySelector('.scope-readout').textContent.startsWith('character 12 of 500')")
    text = page.locator(".scope-readout").inner_text()
    (layer,) = shown.layers
    assert layer.gate_time_constants is not None
    unit = int(np.argsort(-layer.gate_time_constants)[1])
    assert f"unit {unit} " in text
    for name, levels in {**layer.gates, **layer.states}.items():
        value = restored(levels)[0, 11, unit]
        assert f"{name.replace('_', ' ')} {value:.2f}".replace("-", "−") in text
    page.keyboard.press("End")
    page.wait_for_function(f"document.querySelector('.scope-readout').textContent.startsWith('character {STEPS} of')")


@pytest.mark.graph
def test_units_are_sorted_as_python_sorts_them(page: Page, shown: Microscope) -> None:
    (layer,) = shown.layers
    memory = restored(layer.states["cell_state"])
    vowels = np.stack(of_characters(characters(), "character").properties["is a vowel"][:WHOLE])
    centred, aim = memory - memory.mean((0, 1)), vowels - vowels.mean()
    spread = np.sqrt((centred**2).sum((0, 1)) * (aim**2).sum())
    correlation = (centred * aim[..., None]).sum((0, 1)) / spread
    wanted = {
        "their number": -np.arange(UNITS),
        "forget gate closed, most often first": layer.saturation["forget gate"]["closed"],
        "correlation of the memory with: is a vowel": correlation,
    }
    for title, values in wanted.items():
        page.locator(".scope-pane select").nth(1).select_option(label=title)
        order = page.evaluate(f"{pane}.order")
        assert order[:5] + order[-5:] == [*np.argsort(-values, kind="stable")[[0, 1, 2, 3, 4, -5, -4, -3, -2, -1]]], (
            title
        )


@pytest.mark.graph
def test_alike_places_are_where_the_unit_was_made_to_do_the_same(page: Page) -> None:
    (sequence, first), *others = PLANTED
    page.evaluate(f"Microscope.open[0].go({sequence}, {first}); {pane}.pick(5, false)")
    page.evaluate(f"Microscope.open[0].mark({first}, {first + LENGTH - 1})")
    page.get_by_role("button", name="Find alike places").click()
    names = page.locator(".scope-place-name").all_inner_texts()[:2]
    assert set(names) == {
        f"sequence 3, characters {others[0][1] + 1} to {others[0][1] + LENGTH}",
        f"further sequence 2, characters {others[1][1] + 1} to {others[1][1] + LENGTH}",
    }
    page.get_by_role("button", name="further sequence 2").first.click()
    assert page.locator(".scope-strip canvas").count() == 2
    page.get_by_role("button", name=f"sequence 3, characters {others[0][1] + 1}").click()
    assert page.evaluate("[Microscope.open[0].sequence, Microscope.open[0].cursor]") == list(others[0])


@pytest.mark.graph
def test_click_picks_a_unit_and_shift_keeps_the_others(page: Page) -> None:
    plot = page.locator(".scope-plot[data-heat=yes]").first
    plot.click(position={"x": 100, "y": 20})
    plot.click(position={"x": 100, "y": 60}, modifiers=["Shift"])
    assert page.evaluate(f"{pane}.picks.length") == 2
    page.keyboard.press("Escape")
    assert page.evaluate(f"{pane}.picks.length") == 0


@pytest.mark.graph
def test_another_model_is_shown_beside_at_the_same_step(page: Page) -> None:
    page.get_by_label("Beside it").select_option(OTHER)
    page.wait_for_function("Microscope.open[0].panes.length === 2")
    page.locator(".scope-pane").first.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "[...document.querySelectorAll('.scope-readout')].every(one => one.textContent.includes(' 2 of 500'))"
    )


@pytest.mark.graph
def test_page_says_which_file_is_missing(written: Path, browser: Browser, tmp_path: Path) -> None:
    shutil.copytree(written.parent, tmp_path / "copy")
    (tmp_path / "copy" / microscope.data_path(MODEL, TARGET)).unlink()
    page = browser.new_page()
    page.goto((tmp_path / "copy" / written.name).as_uri())
    page.wait_for_selector(".scope-panes .warning")
    assert f"{MODEL}/{TARGET}.js is missing" in page.locator(".scope-panes").inner_text()


@pytest.mark.graph
@pytest.mark.parametrize("width", [360, 800, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_is_no_wider_than_the_window(written: Path, browser: Browser, width: int, scheme: str) -> None:
    page = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme).new_page()  # type: ignore[arg-type]
    page.goto(written.as_uri())
    page.wait_for_function("Microscope.open[0].panes.length === 1")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
