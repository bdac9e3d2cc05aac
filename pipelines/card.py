"""Model cards: Markdown with the fields of Hugging Face's at its beginning (Mitchell et al. 2019). Knows stored results, no network."""

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines import artifacts, paths, releases
from pipelines.contract import Metric
from pipelines.printing import one_line
from pipelines.results import Results

SPECIAL = re.compile(r"([\\`*_\[\]<>#|~&!$^])")
"""What Markdown, in whatever dialect, may not take as it is."""
LICENCE = "the code that made them: Apache-2.0; their data: see below"


@dataclass(frozen=True)
class Given:
    """An input of a function, as `pipelines.nn.export.Input` describes it."""

    shape: tuple[int | None, ...]
    dtype: str
    meaning: str
    example: str


@dataclass(frozen=True)
class Part:
    """What was exported for one target."""

    seed: int
    inputs: Mapping[str, Given]
    outputs: Mapping[str, str]
    limits: Sequence[str]
    files: Sequence[str]
    needs_project: bool
    """Whether the Keras archive does."""


def written(
    results: Results,
    model: str,
    parts: Mapping[str, Part],
    pipeline: str,
    use: str,
    limits: Sequence[str],
    options: Mapping[str, Any],
) -> str:
    """The card of a model; every number in it comes from the task's stored results. `use` and `limits` are Markdown."""
    metrics = _metrics(results, model)
    cells = dict.fromkeys(layer["cell"] for name in CELL_LAYERS for layer in options.get(name) or ())
    sections = [
        _fields(results, model, pipeline, list(cells), metrics),
        f"# {plain(model)} on {plain(results.task)}\n\n{_made(results, model)}",
        "## Intended use\n\n" + _list([use, *_about(parts)]),
        "## Data and licence\n\n" + _data(results),
        "## Metrics\n\n" + _tables(results, model, metrics),
        "## Limits\n\n" + _list([*limits, *dict.fromkeys(limit for part in parts.values() for limit in part.limits)]),
        "## How to load it\n\n" + "\n\n".join(_loading(results.task, target, part) for target, part in parts.items()),
    ]
    return "\n\n".join(sections) + "\n"


CELL_LAYERS = ("recurrent", "encoder", "decoder")
"""Parameters of a model that list recurrent layers."""


def plain(text: object) -> str:
    """A text that Markdown shows as it is, on one line."""
    return SPECIAL.sub(r"\\\1", one_line(str(text)))


def code(text: object) -> str:
    """A text as code within a line; back-quotes cannot stand in it."""
    return f"`{one_line(str(text)).replace('`', 'ˋ')}`"


# Sections


def _fields(results: Results, model: str, pipeline: str, cells: list[str], metrics: Mapping[str, Metric]) -> str:
    """The fields in YAML."""
    from ruamel.yaml import YAML

    values = results.metrics(model)["test"]
    fields = {
        "library_name": "keras",
        "pipeline_tag": pipeline,
        "license": "other",
        "license_name": LICENCE,
        "tags": ["gatehouse", "recurrent-neural-network", *cells],
        "datasets": list(results.provenance["source"]["parts"]),
        "metrics": sorted({name for of_target in values.values() for name in of_target}),
        "model-index": [
            {
                "name": f"{results.task}-{model}",
                "results": [
                    {
                        "task": {"type": pipeline, "name": results.task},
                        "dataset": {"name": target, "type": results.task, "split": "test"},
                        "metrics": [
                            {"type": name, "name": results.metric_title(name), "value": summary["mean"]}
                            for name, summary in of_target.items()
                            if summary["mean"] is not None
                        ],
                    }
                    for target, of_target in values.items()
                ],
            }
        ],
    }
    buffer = io.BytesIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # the order above
    yaml.allow_unicode = False
    yaml.dump(fields, buffer)
    return releases.MARK + buffer.getvalue().decode() + releases.MARK.strip()


def _made(results: Results, model: str) -> str:
    training = results.training(model)
    cost = training["cost"]
    seeds = len(training["seeds"])
    return (
        f"A recurrent network of {cost['parameters']:,} parameters, made by Gatehouse in {cost['train_seconds']:.0f} s of training for "
        f"{seeds} seed{'s' if seeds > 1 else ''} and {len(training['targets'])} target{'s' if len(training['targets']) > 1 else ''}."
    )


def _about(parts: Mapping[str, Part]) -> list[str]:
    seeds = ", ".join(f"{plain(target)}: seed {part.seed}" for target, part in parts.items())
    networks = "network of each target is that" if len(parts) > 1 else "network is that"
    return [
        f"The {networks} of the seed with the lowest validation loss ({seeds}); the metrics are means over all seeds."
    ]


def _data(results: Results) -> str:
    source = results.provenance["source"]
    lines = [
        f"**{plain(name)}**: {plain(part.get('origin', 'unknown'))}. Licence: {plain(part.get('licence', 'unknown'))}."
        for name, part in source["parts"].items()
    ]
    lines.append(f"How they were split: {plain(results.meta.splitting)}")
    if not source["sample"]:
        lines.append("These are the user's own data, not the sample that Gatehouse brings.")
    lines.append("Whether the licence of the data binds the weights is not decided here: ask before you pass them on.")
    return _list(lines)


def _tables(results: Results, model: str, metrics: Mapping[str, Metric]) -> str:
    """For each target its metrics on the test part, with the interval over seeds, and the best baseline of each."""
    scored = artifacts.read_json(paths.baselines(results.task) / "metrics.json")
    seeds = results.metrics(model)["seeds"]
    parts = []
    for target, values in results.metrics(model)["test"].items():
        rows = ["| metric | test | 95 % interval | best baseline | its value |", "|---|---|---|---|---|"]
        for name, summary in values.items():
            metric = metrics.get(name)  # there is none of a part of the items, such as one style
            direction = "" if metric is None else f" ({'lower' if metric.lower_is_better else 'higher'} is better)"
            of_baselines = {
                baseline: numbers[name] for baseline, numbers in scored[target].items() if numbers.get(name) is not None
            }
            best = metric.best(of_baselines) if metric and of_baselines else None
            cells = [
                plain(results.metric_title(name)) + direction,
                _number(summary["mean"]) + (f" ± {_number(summary['std'], 2)}" if summary["std"] is not None else ""),
                f"{_number(summary['low'])} to {_number(summary['high'])}" if summary["low"] is not None else "–",
                "–" if best is None else plain(best),
                "–" if best is None else _number(of_baselines[best]),
            ]
            rows.append(f"| {' | '.join(cells)} |")
        items = results.target_meta[target]["splits"]["test"]["windows"]
        parts.append(f"{plain(target)}, {items:,} test examples:\n\n" + "\n".join(rows))
    spread = (
        f"Mean ± standard deviation over {seeds} seeds; the interval is Student's t over seeds."
        if seeds > 1
        else "One seed was trained, so nothing is known of the spread."
    )
    return "\n\n".join([*parts, f"{spread} Baselines have no recurrent network; the best of each metric is shown."])


def _loading(task: str, target: str, part: Part) -> str:
    given = ", ".join(f"{name}=tf.constant({value.example}, tf.{value.dtype})" for name, value in part.inputs.items())
    example = [
        "import tensorflow as tf",
        "",
        f"model = tf.saved_model.load({f'{releases.SAVED_MODEL}/{target}'!r})",
        f"answer = model.signatures['serving_default']({given})",
        f"print({', '.join(f'answer[{name!r}].numpy()' for name in part.outputs)})",
    ]
    inputs = [
        f"Input {code(name)}, {value.dtype} ({_shape(value.shape)}): {plain(value.meaning)}"
        for name, value in part.inputs.items()
    ]
    outputs = [f"Output {code(name)}: {plain(meaning)}" for name, meaning in part.outputs.items()]
    archive = releases.archive(target, part.seed)
    keras = (
        f"{code(archive)} is the same network as a Keras archive, without preprocessing: {code(f'keras.saving.load_model({archive!r})')}"
        + (
            f", after {code(f'import pipelines.tasks.{task}.train')} of Gatehouse, whose layers it has."
            if part.needs_project
            else "."
        )
    )
    files = [f"{code(file)} is needed beside it, as said above." for file in part.files]
    return (
        f"### {plain(target)}\n\n```python\n"
        + "\n".join(example)
        + "\n```\n\n"
        + _list([*inputs, *outputs, keras, *files])
    )


# Pieces


def _metrics(results: Results, model: str) -> dict[str, Metric]:
    stored = artifacts.read_json(paths.evaluation(results.task, model) / "evaluation.json")["metrics"]
    return {name: Metric(**values) for name, values in stored.items()}


def _list(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _shape(shape: tuple[int | None, ...]) -> str:
    return " × ".join("any" if size is None else str(size) for size in shape) or "a scalar"


def _number(value: float | None, digits: int = 4) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:.{digits}g}".replace("-", "−")
