"""The pages of the tiny graph, opened from disk in headless Chromium with the network off."""

import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from pipelines import artifacts, params, registry
from pipelines.report.microscope import FOLDER
from pipelines.report.pages import write_assets
from pipelines.report.texts import format_number
from tests.report.test_language import english_in
from tests.report.test_texts import HOSTILE, hostile_page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(autouse=True)
def in_tiny(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests of pages run in the project that wrote them."""
    if "tiny" in request.fixturenames:
        monkeypatch.chdir(request.getfixturevalue("tiny"))
        params.values.cache_clear()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert CHROMIUM, "the pages are tested in Chromium: install it (Debian: apt-get install chromium)"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def pages(project: Path) -> list[Path]:
    return sorted((project / "reports").rglob("*.html"))


@pytest.mark.graph
def test_pages_exist_for_every_task_and_model(tiny: Path) -> None:
    expected = {tiny / "reports" / f"{name}.html" for name in ("index", "tour", "pipeline")}
    for task in registry.TASKS:
        names = ["index", *task.params().models]
        expected |= {tiny / "reports" / "tasks" / task.name / f"{name}.html" for name in names}
        expected |= {tiny / "reports" / "tasks" / task.name / FOLDER / f"{name}.html" for name in task.params().models}
    expected |= {tiny / "reports" / "sweeps" / f"{path.stem}.html" for path in (tiny / "sweeps").glob("*.json")}
    turkish = {tiny / "reports" / "tr" / path.relative_to(tiny / "reports") for path in expected}
    assert set(pages(tiny)) == expected | turkish


@pytest.mark.graph
def test_pages_in_turkish_have_no_english_sentence(tiny: Path) -> None:
    for path in pages(tiny):
        if path.is_relative_to(tiny / "reports" / "tr"):
            assert english_in(path.read_text(encoding="utf-8"), "tr") == [], path


@pytest.mark.graph
def test_a_page_has_the_figures_of_its_sister(tiny: Path) -> None:
    for path in pages(tiny):
        if path.is_relative_to(tiny / "reports" / "tr"):
            sister = tiny / "reports" / path.relative_to(tiny / "reports" / "tr")
            assert _read(path).identifiers == _read(sister).identifiers, path


def _watch(page: Page) -> tuple[list[str], list[str]]:
    """Two lists: the errors on `page`, and its requests to other hosts, as they occur."""
    faults: list[str] = []
    outside: list[str] = []

    def record_request(url: str) -> None:
        if not url.startswith(("file:", "data:", "blob:")):
            outside.append(url)

    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: record_request(request.url))
    page.on("requestfailed", lambda request: faults.append(f"failed: {request.url}"))
    return faults, outside


def one_of_every_kind(project: Path) -> list[Path]:
    """The index, the tour, and the page of every task and of one of its models: together they have all kinds of charts."""
    reports = project / "reports"
    found = [reports / f"{name}.html" for name in ("index", "tour", "pipeline")]
    for task in registry.TASKS:
        model = next(iter(task.params().models))
        found += [reports / "tasks" / task.name / f"{name}.html" for name in ("index", model, f"{FOLDER}/{model}")]
    found += sorted((reports / "sweeps").glob("*.html"))
    found += [reports / "tr" / name for name in ("index.html", "tour.html")]
    for task in registry.TASKS:
        model = next(iter(task.params().models))
        found += [reports / "tr" / "tasks" / task.name / f"{name}.html" for name in ("index", f"{FOLDER}/{model}")]
    return found


@pytest.mark.graph
def test_pages_draw_every_chart_offline(tiny: Path, browser: Browser) -> None:
    for path in one_of_every_kind(tiny):
        context = browser.new_context(offline=True)
        page = context.new_page()
        faults, outside = _watch(page)
        page.goto(path.as_uri())
        charts = page.locator("figure.chart")
        page.wait_for_function(
            "document.querySelectorAll('.js-plotly-plot .main-svg').length >= document.querySelectorAll('figure.chart').length"
        )
        assert (faults, outside) == ([], []), path
        for chart in charts.all():
            assert chart.locator(".main-svg").first.bounding_box()["height"] > 100  # type: ignore[index]
            assert len(chart.locator("figcaption").inner_text()) > 80
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (
            f"{path} is wider than the window"
        )
        context.close()


@pytest.mark.graph
def test_page_draws_its_chart_and_text_whatever_they_contain(tiny: Path, tmp_path: Path, browser: Browser) -> None:
    """(It asks for the graph only to run where Chromium runs.)"""
    write_assets(tmp_path / "assets")
    (tmp_path / "hostile.html").write_text(hostile_page(), encoding="utf-8")
    page = browser.new_context(offline=True).new_page()
    faults, _ = _watch(page)
    page.goto((tmp_path / "hostile.html").as_uri())
    page.wait_for_selector(".js-plotly-plot .main-svg")
    assert page.locator(".coloured .text span").first.text_content() == HOSTILE
    assert not faults


class _Links(HTMLParser):
    """The links of a page, the files that it loads, and its own identifiers."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.identifiers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value and not value.startswith("data:"):
                self.links.append(value)
            if name == "id" and value:
                self.identifiers.append(value)


def _read(path: Path) -> _Links:
    found = _Links()
    found.feed(path.read_text(encoding="utf-8"))
    return found


@pytest.mark.graph
def test_pages_have_no_broken_links(tiny: Path) -> None:
    for path in pages(tiny):
        found = _read(path)
        assert found.links, path
        for link in found.links:
            target = unquote(link.split("#")[0])
            assert "://" not in link, f"{path}: {link}"
            assert (path.parent / target).exists(), f"{path}: {link}"


@pytest.mark.graph
def test_pages_have_unique_identifiers(tiny: Path) -> None:
    for path in pages(tiny):
        identifiers = _read(path).identifiers
        assert len(identifiers) == len(set(identifiers)), path


@pytest.mark.graph
def test_model_page_has_explanations_and_provenance(tiny: Path) -> None:
    for task in registry.TASKS:
        meta = artifacts.read_json(tiny / "data" / "prepared" / task.name / "meta.json")
        several = any(len(target_meta["features"]) > 1 for target_meta in meta["targets"].values())
        for model, described in task.params().models.items():
            text = (tiny / "reports" / "tasks" / task.name / f"{model}.html").read_text()
            gated = described.recurrent[0].cell != "simple_rnn"
            for title in (
                *(["Gates of", "How often each gate is saturated"] if gated else []),
                "most correlated with the output", "Gradient norm in training", "Long-term dependency by gradients",
                *(("Which features matter", "When they matter") if several else ("What matters, and when",)),
                "Git commit", "SHA-256", "Seeds", "tensorflow",
            ):  # fmt: skip
                assert title in text, f"{task.name}/{model}: {title}"


@pytest.mark.graph
def test_task_page_shows_models_baselines_and_verdict(tiny: Path) -> None:
    for task in registry.TASKS:
        text = (tiny / "reports" / "tasks" / task.name / "index.html").read_text()
        for title in (
            "Verdict",
            "Training compared",
            "how far back each network looks",
            "expectations",
            "best baseline",
        ):
            assert title in text


@pytest.mark.graph
def test_index_says_of_every_task_what_has_changed_since_the_last_record(tiny: Path) -> None:
    """The metrics of this project have never been committed."""
    text = (tiny / "reports" / "index.html").read_text().partition("What changed since the last record")[2]
    assert text.count("no commit of this clone has other test metrics") == len(registry.TASKS)


def test_number_has_few_digits_or_a_dash_if_missing() -> None:
    assert [format_number(value) for value in (None, 627717, 0.123456, -2.5, 0)] == [
        "–",
        "627,717",
        "0.1235",
        "−2.5",
        "0",
    ]
