"""How many frames a second the microscope draws while the cursor is moved: `python -m benchmarks.microscope`.

A synthetic LSTM of 256 units reads sequences of 500 steps; the page is opened from disk in headless Chromium, without a GPU. The mouse
moves over the pictures, once a frame: within the view, and across the whole sequence, so that the view scrolls. Besides
frames a second it prints the milliseconds of script, style and layout that a move takes: 60 frames a second leave 16.7 for all of it.
"""

import shutil
import statistics
import tempfile
from pathlib import Path

import numpy as np
from jinja2 import Environment
from playwright.sync_api import Page, sync_playwright

from pipelines.analysis.microscope import quantised
from pipelines.contract import Array, Microscope, MicroscopeLayer
from pipelines.report import microscope, pages
from pipelines.report.tracks import of_characters

STEPS, UNITS, WHOLE, FURTHER, FRAMES = 500, 256, 4, 8, 300
MODEL, OTHER, TARGET = "synthetic", "other", "text"
PAGE = (
    "{% extends 'base.html' %}{% block head %}{% include 'microscope_head.html' %}{% endblock %}"
    "{% block content %}{% include 'microscope_component.html' %}{% endblock %}"
)
SCRUB = """async ([frames, whole]) => {
  const scope = Microscope.open[0], plot = document.querySelectorAll(".scope-plot")[3], box = plot.getBoundingClientRect();
  const gaps = [];
  let last = null;
  for (let frame = 0; frame < frames; frame++) {
    const now = await new Promise(requestAnimationFrame);
    if (last !== null) gaps.push(now - last);
    last = now;
    const share = (frame * 7 % 997) / 997;
    const options = { bubbles: true, pointerType: "mouse", clientX: box.left + share * box.width, clientY: box.top + share * box.height };
    if (whole) scope.moveTo(Math.floor(share * scope.panes[0].trackSteps), scope.panes[0]);
    else plot.dispatchEvent(new PointerEvent("pointermove", options));
  }
  return gaps;
}"""
"""The milliseconds from one frame to the next while every frame moves the cursor."""
COST = """(rounds) => {
  const scope = Microscope.open[0], begun = performance.now();
  for (let round = 0; round < rounds; round++) {
    scope.cursor = (round * 37) % 80;
    scope.panes.forEach((pane) => pane.move());
    document.body.getBoundingClientRect();
  }
  return (performance.now() - begun) / rounds;
}"""


def record(steps: int = STEPS, units: int = UNITS, whole: int = WHOLE, further: int = FURTHER) -> Microscope:
    """An LSTM with random gates and smooth random memories."""
    random = np.random.default_rng(1)

    def smooth(sequences: int) -> Array:
        walk = random.normal(size=(sequences, steps, units)).cumsum(1)
        return np.tanh(walk / 8)

    memory = smooth(whole)
    gates = {name: random.uniform(size=memory.shape) ** 2 for name in ("input gate", "forget gate", "output gate")}
    layer = MicroscopeLayer(
        layer="lstm_1",
        direction="forward",
        cell="LSTM",
        reading="",
        units=np.arange(units),
        all_units=units,
        gates={**{name: quantised(gate) for name, gate in gates.items()}, "candidate": quantised(smooth(whole))},
        states={"cell_state": quantised(memory), "hidden_state": quantised(memory * gates["output gate"])},
        steps=np.full(whole, steps),
        all_steps=np.full(whole, steps),
        further=quantised(smooth(further)),
        further_steps=np.full(further, steps),
        saturation={
            name: {"closed": (gate < 0.1).mean((0, 1)), "open": (gate > 0.9).mean((0, 1))}
            for name, gate in gates.items()
        },
        gate_time_constants=random.uniform(1, 100, units),
        autocorrelation_times=random.uniform(1, 100, units),
    )
    rows = np.arange(whole + further)[:, None]
    return Microscope(list(rows[:whole]), list(rows[whole:]), [layer])


def write_page(folder: Path, shown: Microscope, texts: list[list[str]]) -> Path:
    """The component alone, with two models that have the same record; `texts` are of all sequences."""
    for model in (MODEL, OTHER):
        path = folder / microscope.data_path(model, TARGET)
        microscope.write_data(path, model, TARGET, shown, [of_characters(texts, "character")])
    pages.write_assets(folder / "assets")
    environment: Environment = pages.environment(".", alone=True)
    content = {"microscope": microscope.component(MODEL, [TARGET], [MODEL, OTHER])}
    page = folder / "page.html"
    page.write_text(environment.from_string(PAGE).render(content), encoding="utf-8")
    return page


def characters(steps: int = STEPS, sequences: int = WHOLE + FURTHER) -> list[list[str]]:
    """Random texts."""
    random = np.random.default_rng(2)
    return [random.choice(list("etaoin shrdlu."), steps).tolist() for _ in range(sequences)]


def _report(page: Page, name: str) -> None:
    for where, whole in (("within the view", False), ("across the sequence", True)):
        gaps = page.evaluate(SCRUB, [FRAMES, whole])
        rate = 1000 / statistics.mean(gaps)
        print(f"{name}, {where}: {rate:.0f} frames a second, the slowest after {max(gaps):.0f} ms")
    print(f"{name}: {page.evaluate(COST, 300):.1f} ms of script and layout a move")


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = write_page(Path(folder), record(), characters())
        size = (Path(folder) / microscope.data_path(MODEL, TARGET)).stat().st_size
        browser = playwright.chromium.launch(
            executable_path=next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))),
            args=["--no-sandbox", "--disable-gpu"],
        )
        page = browser.new_page(viewport={"width": 1500, "height": 1000})
        page.goto(path.as_uri())
        page.wait_for_function("Microscope.open[0].panes.length === 1")
        print(f"{STEPS} steps × {UNITS} units, 6 pictures, {size / 1e6:.1f} MB of data")
        _report(page, "one network")
        page.evaluate(f"Microscope.open[0].compare('{OTHER}')")
        page.wait_for_function("Microscope.open[0].panes.length === 2")
        _report(page, "two side by side")
        browser.close()


if __name__ == "__main__":
    main()
