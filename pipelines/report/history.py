"""What changed since the last record: the present test metrics beside those of the last Git commit that has others."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipelines import artifacts, params, paths
from pipelines.errors import UserError
from pipelines.report.language import shown

COMMITS = 30
"""Commits that changed a task's metrics and are looked at, the latest first; most change costs alone."""
NAMED = 4
"""Parameters that are named where they differ."""

Values = dict[str, Any]
"""Model -> target -> metric -> its summary over seeds."""


@dataclass(frozen=True)
class Change:
    """One model on one target, by the metric that decides there."""

    target: str
    model: str
    metric: str
    """Its title, with an arrow in the direction of better."""
    before: Mapping[str, Any]
    now: Mapping[str, Any]
    mark: str
    """`better`, `worse`, `within the spread` or `one seed`."""


@dataclass(frozen=True)
class TaskHistory:
    """What became of one task."""

    task: str
    title: str
    commit: str = ""
    """With which it is compared; empty if there is none."""
    date: str = ""
    compared: int = 0
    """Test metrics that both have."""
    differ: int = 0
    """Of these, how many have another mean."""
    changes: list[Change] = field(default_factory=list)
    """Deciding metrics that have another mean."""
    new: list[str] = field(default_factory=list)
    """Models that the commit does not have."""
    parameters: list[str] = field(default_factory=list)
    """Parameters of the task that have other values there."""
    sample: bool = True


def since_last_record(summaries: Sequence[Mapping[str, Any]]) -> list[TaskHistory]:
    """For each task of the site, what changed. Without Git or its history nothing can be compared, and that is said."""
    return [_of_task(summary) for summary in summaries]


def _of_task(summary: Mapping[str, Any]) -> TaskHistory:
    task, title = summary["task"], summary["title"]
    now = {}
    for model in summary["comparison"]["models"]:
        if paths.metrics(task, model).exists():
            now[model] = _test(artifacts.read_json(paths.metrics(task, model)))
    for commit, date, before in _recorded(task, list(now)):
        pairs = [(now[model], before[model]) for model in now if model in before]
        means = [
            (value["mean"], old[target][name]["mean"])
            for values, old in pairs
            for target in values
            for name, value in values[target].items()
            if name in old.get(target, {})
        ]
        differ = sum(one != other for one, other in means)
        if differ or not pairs:
            return TaskHistory(
                task, title, commit, date, len(means), differ, list(_changes(summary["comparison"]["decisions"], now, before)),
                [model for model in now if model not in before], _other_parameters(task, commit), summary["sample"],
            )  # fmt: skip
    return TaskHistory(task, title, sample=summary["sample"])


def _changes(decisions: Mapping[str, Any], now: Values, before: Values) -> Iterator[Change]:
    for target, decision in decisions.items():
        metric = decision["metric"]
        for model in now:
            value, old = (values.get(model, {}).get(target, {}).get(metric["name"]) for values in (now, before))
            if value and old and value["mean"] != old["mean"]:
                arrow = "↓" if metric["lower_is_better"] else "↑"
                mark = _mark(value, old, metric["lower_is_better"])
                yield Change(target, model, f"{shown(metric['title'])} {arrow}", old, value, mark)


def _mark(now: Mapping[str, Any], before: Mapping[str, Any], lower_is_better: bool) -> str:
    """Beyond the spread is what keeps the ranges mean ± standard deviation over seeds apart: a reader sees it in the numbers beside it."""
    if now.get("std") is None or before.get("std") is None:
        return "one seed"
    difference = now["mean"] - before["mean"]
    if abs(difference) <= now["std"] + before["std"]:
        return "within the spread"
    return "better" if (difference < 0) == lower_is_better else "worse"


# Git


def _recorded(task: str, models: Sequence[str]) -> Iterator[tuple[str, str, Values]]:
    """Commit, date and metrics of the commits that changed the task's metrics, the latest first; those in an old layout are left out."""
    log = _git("log", f"-{COMMITS}", "--format=%h %cs", "--", (paths.METRICS / task).as_posix())
    commits = [line.split() for line in log.splitlines()]
    wanted = [f"{commit}:./{paths.metrics(task, model).as_posix()}" for commit, _ in commits for model in models]
    contents = iter(_contents(wanted))
    for commit, date in commits:
        found = {model: next(contents) for model in models}
        values = {model: test for model, text in found.items() if text and (test := _test_of_text(text))}
        if values:
            yield commit, date, values


def _contents(names: Sequence[str]) -> Iterator[str | None]:
    """The files that Git has under these names, by one process; None for those that it has not."""
    answer = _git("cat-file", "--batch", given="".join(f"{name}\n" for name in names)).encode() if names else b""
    for _ in names:
        header, _, answer = answer.partition(b"\n")
        words = header.split()
        if len(words) != 3 or words[1] != b"blob":  # "… missing", or no answer
            yield None
            continue
        size = int(words[2])
        yield answer[:size].decode(errors="replace")
        answer = answer[size + 1 :]


def _git(*arguments: str, given: str = "") -> str:
    """What Git prints; nothing where there is no Git, no repository or no such object. A partial clone fetches nothing for it."""
    try:
        done = subprocess.run(
            ["git", *arguments], input=given, capture_output=True, text=True, encoding="utf-8", errors="surrogateescape",
            check=False, env={**os.environ, "GIT_NO_LAZY_FETCH": "1"},
        )  # fmt: skip
    except OSError:
        return ""
    return "" if done.returncode else done.stdout


def _test(metrics: Any) -> dict[str, dict[str, Any]]:
    """The test metrics by target; empty for a layout without that level."""
    test = metrics.get("test") if isinstance(metrics, dict) else None
    if not isinstance(test, dict):
        return {}
    return {
        target: {name: value for name, value in values.items() if isinstance(value, dict) and "mean" in value}
        for target, values in test.items()
        if isinstance(values, dict) and "mean" not in values
    }


def _test_of_text(text: str) -> dict[str, dict[str, Any]]:
    try:
        return _test(json.loads(text))
    except ValueError:
        return {}


def _other_parameters(task: str, commit: str) -> list[str]:
    """The paths of the task's parameters that have another value in the commit, or are in one of both alone."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        then = YAML(typ="safe").load(_git("show", f"{commit}:./{paths.PARAMS}"))
        now = params.values()
    except (YAMLError, UserError):
        return []
    one, other = (dict(_leaves(blocks.get(task))) for blocks in (now, then if isinstance(then, dict) else {}))
    differ = sorted(where for where in one.keys() | other.keys() if one.get(where) != other.get(where)) if other else []
    return list(dict.fromkeys(_shown(where) for where in differ))


def _shown(where: str) -> str:
    """`models.lstm` of one of a model's parameters; the whole path of any other."""
    return ".".join(where.split(".")[:2]) if where.startswith("models.") else where


def _leaves(value: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, f"{where}.{key}".removeprefix("."))
    else:
        yield where, value
