"""The index of all tasks, of drawn results."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from pipelines.report import index
from pipelines.report.pages import write_assets
from tests.comparisons import compared
from tests.report.test_choice import BOTH, GRU, LSTM
from tests.report.test_tour import material

PROVENANCE: dict[str, Any] = {
    "commit": "abc",
    "params": "{}",
    "source": {"sample": True, "parts": {}},
    "raw": [],
    "seeds": [1, 2, 3],
    "hardware": {
        "processor": "p", "cores": 2, "memory_gb": 8, "gpus": [], "system": "Linux", "threads_per_operation": 1, "versions": {},
    },
    "precision": "float32",
    "xla": False,
}  # fmt: skip


def entry(task: str, comparison: Any, examples: int, memory: float | None = 8.0) -> dict[str, Any]:
    facts = {"rows": 500, "examples": examples, "test": 300, "steps": 30, "step": "word", "memory": memory}
    return {
        "task": task,
        "title": task.title(),
        "question": "Why?",
        "comparison": comparison,
        "targets": {"words": facts},
        "sample": True,
        "seeds": 3,
        "commit": "0123456",
    }


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """The index of six tasks: on four the networks win, on two there is no difference."""
    path = tmp_path / "index.html"
    advantages = [0.5, 0.0, 0.4, 0.0, 0.3, 0.2]
    index.write(
        path,
        [
            entry(
                f"task{number}", compared(tmp_path, advantage, seed=number), 500 * 10**number, None if number else 8.0
            )
            for number, advantage in enumerate(advantages)
        ],
        [material("task0", LSTM, GRU, best="lstm"), material("task1", BOTH, GRU, best="bilstm", sequence="text")],
    )
    write_assets(tmp_path / "assets")
    return path


def test_index_has_a_matrix_whose_entries_lead_to_their_evidence(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    matrix = text.split('id="matrix"')[1].split("</section>")[0]
    assert matrix.count("<tr class=") == 6
    for link in (
        "tasks/task0/index.html#target-words",
        "tasks/task0/gru.html#target-words",
        "tasks/task0/lstm.html#target-words",
    ):
        assert f'href="{link}"' in matrix


def test_index_says_what_was_not_significant_and_the_limits(page: Path) -> None:
    text = " ".join(page.read_text(encoding="utf-8").split())
    assert "LSTM or GRU, at equal units?</b> No significant difference: " in text
    assert "significantly better than the best baseline on 4 and significantly worse on none; on 2 there is" in text
    assert re.search(r"Over 6 problems (the ranks differ significantly|there is no significant difference)", text)
    assert "same learning rate" in text
    assert "What was not significant" in text


def test_index_gives_a_verdict_for_each_target(page: Path) -> None:
    assert page.read_text(encoding="utf-8").count('<div class="verdict ') == 6


@pytest.fixture
def opened(page: Path) -> Iterator[Page]:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        found = browser.new_context(offline=True).new_page()
        found.on("pageerror", lambda error: pytest.fail(str(error)))
        found.goto(page.as_uri())
        yield found
        browser.close()


def _column(page: Page, table: str, number: int) -> list[str]:
    return page.locator(f"{table} tbody tr:visible td:nth-child({number})").all_inner_texts()


@pytest.mark.graph
def test_matrix_sorts_by_a_click_on_a_heading(opened: Page) -> None:
    margin = opened.locator("#matrix th", has_text="margin")
    position = 1 + opened.locator("#matrix th").all_inner_texts().index("margin")

    def values() -> list[float]:
        return [float(text.split(" ")[0].replace("−", "-")) for text in _column(opened, "#matrix", position)]

    margin.click()
    assert values() == sorted(values())
    margin.click()
    assert values() == sorted(values(), reverse=True)


@pytest.mark.graph
def test_choice_changes_with_the_readers_problem(opened: Page) -> None:
    answer = opened.locator("#choice-answer")
    assert answer.inner_text().startswith("Try first: LSTM.")
    assert answer.locator("a", has_text="task0").first.get_attribute("href") == "tasks/task0/index.html"
    opened.locator("form.choice select[name=future]").select_option("yes")
    assert answer.inner_text().startswith("Try first: bidirectional LSTM.")
    assert "Against it" not in answer.inner_text()
