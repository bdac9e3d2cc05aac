"""`reports/pipeline.html`: every stage of every task as a graph; what the latest run did comes from the flow's `last_run.js`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.report import pages

READS = {
    "collect": (),
    "prepare": ("collect",),
    "validate": ("prepare",),
    "baselines": ("validate",),
    "train": ("validate",),
    "evaluate": ("train",),
    "compare": ("evaluate", "baselines"),
    "release": ("evaluate", "baselines"),
    "report": ("compare", "release"),
    "site": ("report",),
}
"""Stage -> the stages whose outputs it reads, those left out that it also reads by way of another."""
COLUMNS = ("collect", "prepare", "validate", "train", "evaluate", "compare", "report", "site")
"""From left to right; `baselines` is below the trainings, `release` below the comparison."""
PER_MODEL = ("train", "evaluate")
WIDTH, HEIGHT, ACROSS, DOWN = 104, 20, 134, 26
"""Of a box, and from one box to the next, in pixels."""
LEFT, TOP, BETWEEN = 8, 34, 30
"""Margins, and the space between two tasks, in which its title is."""


@dataclass(frozen=True)
class Box:
    """One stage."""

    stage: str
    """As DVC calls it."""
    label: str
    page: str
    x: float
    y: float

    @property
    def left(self) -> tuple[float, float]:
        """Where lines arrive."""
        return self.x, self.y + HEIGHT / 2

    @property
    def right(self) -> tuple[float, float]:
        """Where lines begin."""
        return self.x + WIDTH, self.y + HEIGHT / 2


@dataclass(frozen=True)
class Lane:
    """The stages of one task."""

    title: str
    y: float
    boxes: dict[str, list[Box]]

    @property
    def lines(self) -> Iterator[str]:
        """The paths of the lines from each stage to those that read it."""
        for stage, sources in READS.items():
            for source in sources:
                for index, box in enumerate(self.boxes.get(stage, ())):
                    before = self.boxes[source]
                    for other in before[index : index + 1] if stage == "evaluate" else before:
                        yield _curve(other.right, box.left)


def _curve(start: tuple[float, float], end: tuple[float, float]) -> str:
    middle = (start[0] + end[0]) / 2
    return f"M{start[0]:g} {start[1]:g}C{middle:g} {start[1]:g} {middle:g} {end[1]:g} {end[0]:g} {end[1]:g}"


def lanes(summaries: Sequence[dict[str, Any]]) -> list[Lane]:
    """The graph of each task, one below the other."""
    found = []
    y = float(TOP)
    for summary in summaries:
        lane = _lane(summary["task"], summary["title"], list(summary["comparison"]["models"]), y + BETWEEN)
        found.append(lane)
        y += BETWEEN + DOWN * (len(lane.boxes["train"]) + 1)
    return found


def _lane(task: str, title: str, models: list[str], y: float) -> Lane:
    middle = y + DOWN * (len(models) - 1) / 2
    pages = {"collect": "data", "prepare": "data", "validate": "validation", "compare": "verdict"}

    def box(stage: str, y: float) -> Box:
        column = {"baselines": "train", "release": "compare"}.get(stage, stage)
        fragment = f"#{pages[stage]}" if stage in pages else ""
        x = LEFT + ACROSS * COLUMNS.index(column)
        return Box(f"{stage}@{task}", stage, f"tasks/{task}/index.html{fragment}", x, y)

    boxes = {stage: [box(stage, middle)] for stage in ("collect", "prepare", "validate", "compare", "report")}
    for stage in PER_MODEL:
        x = LEFT + ACROSS * COLUMNS.index(stage)
        boxes[stage] = [
            Box(f"{stage}@{task}-{model}", model, f"tasks/{task}/{model}.html", x, y + DOWN * row)
            for row, model in enumerate(models)
        ]
    boxes["baselines"] = [box("baselines", y + DOWN * len(models))]
    boxes["release"] = [box("release", y + DOWN * len(models))]
    return Lane(title, y, boxes)


def write(path: Path, summaries: Sequence[dict[str, Any]]) -> None:
    """The page of the graph of all tasks."""
    found = lanes(summaries)
    last = found[-1]
    height = last.y + DOWN * (len(last.boxes["train"]) + 1) + HEIGHT
    x = LEFT + ACROSS * COLUMNS.index("site")
    site = Box("site", "site", "index.html", x, (TOP + height) / 2)
    text = (
        pages.environment(".", "pipeline.html")
        .get_template("pipeline.html")
        .render(
            lanes=found,
            site=site,
            to_site=[_curve(lane.boxes["report"][0].right, site.left) for lane in found],
            columns=[(column, LEFT + ACROSS * index) for index, column in enumerate(COLUMNS)],
            size=(LEFT + ACROSS * len(COLUMNS), height),
            box=(WIDTH, HEIGHT),
        )
    )
    path.write_text(text, encoding="utf-8")
