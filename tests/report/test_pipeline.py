"""The graph on the page of the pipeline, held to DVC's."""

import itertools
from typing import Any

import networkx
import pytest

from flows import graph
from pipelines import registry
from pipelines.report import pipeline
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def summaries() -> list[dict[str, Any]]:
    return [
        {"task": task.name, "title": task.name, "comparison": {"models": dict.fromkeys(task.params().models)}}
        for task in registry.TASKS
    ]


def test_pipeline_draws_the_graph_of_dvc(summaries: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    actual = graph.read()
    actual.remove_node("code")
    actual = networkx.transitive_reduction(actual)
    drawn = set()
    for lane in pipeline.lanes(summaries):
        for boxes in lane.boxes.values():
            drawn |= {box.stage for box in boxes}
    assert drawn | {"site"} == {stage for stage in actual if not stage.startswith("data/")}
    kinds = {(start.split("@")[0], end.split("@")[0]) for start, end in actual.edges}
    assert {(source, stage) for stage, sources in pipeline.READS.items() for source in sources} == {
        edge for edge in kinds if edge[0] in pipeline.READS
    }


def test_pipeline_draws_a_line_to_each_reader(summaries: list[dict[str, Any]]) -> None:
    for lane, summary in zip(pipeline.lanes(summaries), summaries, strict=True):
        models = len(summary["comparison"]["models"])
        # prepare, validate, baselines, each model's training and evaluation, both of which compare and release read, report twice
        assert len(list(lane.lines)) == 3 + 2 * models + 2 * (models + 1) + 2


def test_pipeline_boxes_do_not_overlap(summaries: list[dict[str, Any]]) -> None:
    boxes = [box for lane in pipeline.lanes(summaries) for group in lane.boxes.values() for box in group]
    places = {(box.x, box.y) for box in boxes}
    assert len(places) == len(boxes)
    for x in {box.x for box in boxes}:
        tops = sorted(box.y for box in boxes if box.x == x)
        assert all(below - above >= pipeline.HEIGHT for above, below in itertools.pairwise(tops))
