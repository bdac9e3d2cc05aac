"""The page of an inspection, opened from disk in headless Chromium with the network off."""

from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from pipelines.__main__ import main
from tests.inspect import models
from tests.report.test_pages import CHROMIUM
from tests.report.test_texts import HOSTILE


@pytest.mark.graph
def test_page_draws_every_chart_offline_and_keeps_hostile_names_text(tmp_path: Path) -> None:
    assert CHROMIUM
    model, inputs = models.save("reviews", tmp_path)
    names = tmp_path / "names.txt"
    names.write_text("".join(f"{HOSTILE}{index}\n" for index in range(20)), encoding="utf-8")
    assert main(["inspect", model, inputs, "--names", str(names), "--out", str(tmp_path / "page")]) == 0
    faults: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_context(offline=True).new_page()
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("dialog", lambda dialog: faults.append(dialog.message))
        page.on(
            "request",
            lambda request: None if request.url.startswith(("file:", "data:")) else faults.append(request.url),
        )
        page.goto((tmp_path / "page" / "index.html").as_uri())
        page.wait_for_function(
            "document.querySelectorAll('.js-plotly-plot .main-svg').length >= document.querySelectorAll('figure.chart').length"
        )
        page.wait_for_function("Microscope.open[0].panes.length === 1")
        assert HOSTILE.split("\u2028")[0] in page.locator(".coloured .text").inner_text()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        browser.close()
    assert faults == []
