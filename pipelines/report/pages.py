"""HTML pages from templates: a task's and a model's. They open from disk, without a network connection."""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from jinja2 import Environment
from markupsafe import Markup

from pipelines import artifacts, releases
from pipelines.report import cards, cost, explanations, microscope, texts
from pipelines.report.figures import Figure
from pipelines.report.texts import files_folder
from pipelines.report.tour.material import Chart
from pipelines.report.tracks import Track
from pipelines.results import Results

if TYPE_CHECKING:
    import plotly.graph_objects as go

CHART_OPTIONS = {"displaylogo": False, "responsive": True, "modeBarButtonsToRemove": ["select2d", "lasso2d"]}


def write_task(
    folder: Path,
    results: Results,
    title: str,
    question: str,
    figures: dict[str, list[Figure]],
    params: dict[str, Any],
) -> None:
    """`index.html` of a task; `figures` are those that only this task has, by target."""
    sections = [
        {
            "target": target,
            "decision": results.decisions[target],
            "table": _side_by_side(results, target),
            "cost": cost.rows(results, target),
            "pareto": cost.pareto(results, target),
            "figures": [*figures[target], *explanations.of_task(results, target)],
        }
        for target in results.targets
    ]
    page = environment("../..").get_template("task.html")
    text = page.render(
        results=results,
        title=title,
        question=question,
        sections=sections,
        provenance=provenance(results, params),
    )
    (folder / "index.html").write_text(text, encoding="utf-8")


def write_model(
    folder: Path,
    results: Results,
    title: str,
    model: str,
    figures: dict[str, list[Figure]],
    params: dict[str, Any],
) -> None:
    """A model's page; `figures` are those that only this task has, by target."""
    sections = [
        {
            "target": target,
            "metrics": _metric_rows(results, model, target),
            "layers": results.training(model)["targets"][target]["layers"],
            "explanation": results.explanation(model, target),
            "trained": results.training(model)["targets"][target],
            "figures": figures[target],
            "explanations": explanations.of_model(results, target, model),
        }
        for target in results.targets
    ]
    page = environment("../..").get_template("model.html")
    text = page.render(
        results=results,
        title=title,
        model=model,
        training=results.training(model),
        sections=sections,
        card=cards.rendered(releases.card(results.task, model)),
        card_folder=releases.model(results.task, model).as_posix(),
        provenance=provenance(results, params, model),
    )
    (folder / f"{model}.html").write_text(text, encoding="utf-8")
    for target in results.targets:
        for file in results.files(model, target).glob("*"):  # not by `copytree`, whose error does not tell a full disk
            copy = folder / files_folder(model, target) / file.name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, copy)


def write_microscope(
    folder: Path, results: Results, title: str, model: str, tracks: Mapping[str, Sequence[Track]]
) -> None:
    """A model's page `microscope/<model>.html` and its data; `tracks` are of the sequences of its records, by target."""
    scope = folder / microscope.FOLDER
    for target in results.targets:
        path = scope / microscope.data_path(model, target)
        microscope.write_data(path, model, target, results.microscope(model, target), tracks[target])
    page = environment("../../..").get_template("microscope.html")
    text = page.render(
        title=title,
        model=model,
        models=results.models,
        assets=microscope.ASSETS,
        sequences=len(results.microscope(model, results.targets[0]).sequences),
        microscope=microscope.component(model, results.targets, results.models),
    )
    (scope / f"{model}.html").write_text(text, encoding="utf-8")


def write_assets(folder: Path) -> None:
    """The style sheet, the scripts of the microscope, of coloured texts and of the index, and Plotly's, which comes in Plotly's package."""
    import plotly

    folder.mkdir(parents=True, exist_ok=True)
    for own in ("style.css", "coloured.js", "index.js", "choice.js"):
        shutil.copyfile(texts.TEMPLATES / own, folder / own)
    microscope.write_assets(folder)
    script = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    shutil.copyfile(script, folder / "plotly.min.js")


def environment(root: str) -> Environment:
    """The templates for a page from which `root` leads to the folder of the reports."""
    found = texts.environment()
    found.filters |= {"chart": _chart, "bytes": _bytes, "script_json": _script_json}
    found.globals["root"] = root
    found.globals["chart_template"] = _template()
    return found


def _template() -> Markup:
    """The Plotly template of all charts, which a page contains once."""
    import plotly.io

    return texts.script_json(plotly.io.templates["plotly_white"].to_plotly_json())


def _chart(figure: Figure | Chart) -> Markup:
    """The figure's data and layout."""
    plot = figure.plot
    content = dict(plot) if isinstance(plot, dict) else json.loads(cast("go.Figure", plot).to_json())
    content["layout"].pop("template", None)  # the page contains it once for all charts
    content["config"] = CHART_OPTIONS
    return texts.script_json(content)


def _script_json(value: Any) -> Markup:
    """Plain values and dataclasses as JSON inside a script element."""
    return texts.script_json(artifacts.plain(value))


def _bytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"


def _metric_rows(results: Results, model: str, target: str) -> list[dict[str, Any]]:
    """Metric, test and validation summaries of one model."""
    test, valid = (results.metrics(model)[split][target] for split in ("test", "valid"))
    return [{"name": results.metric_title(name), "test": test[name], "valid": valid.get(name)} for name in test]


def _side_by_side(results: Results, target: str) -> dict[str, Any]:
    """The models' and baselines' test metrics, best first by the metric that decided."""
    primary = results.decisions[target]["metric"]
    deciding = primary["name"]
    models = {model: results.metrics(model)["test"][target] for model in results.models}
    columns = [deciding, *sorted({name for values in models.values() for name in values} - {deciding})]
    rows = [
        {
            "name": model,
            "recurrent": True,
            "values": [values.get(column) for column in columns],
            "cost": results.metrics(model)["cost"],
            "tests": results.comparison["statistics"][target][model],
            "sort": values[deciding]["mean"],
        }
        for model, values in models.items()
    ]
    rows += [
        {
            "name": name,
            "recurrent": False,
            "values": [{"mean": values[column], "std": None} if column in values else None for column in columns],
            "cost": None,
            "tests": None,
            "sort": values[deciding],
        }
        for name, values in results.comparison["baselines"][target].items()
    ]
    rows.sort(key=lambda row: row["sort"], reverse=not primary["lower_is_better"])
    return {
        "columns": [results.metric_title(column) for column in columns],
        "better": "↓" if primary["lower_is_better"] else "↑",
        "rows": rows,
    }


def provenance(results: Results, params: dict[str, Any], model: str | None = None) -> dict[str, Any]:
    """Where a page's numbers come from: code, data, seeds, machine, parameters."""
    training = results.training(model or results.models[0])
    return {
        "commit": _commit(),
        "params": json.dumps(params, indent=2, ensure_ascii=False),
        "source": results.provenance["source"],
        "raw": results.provenance["raw"],
        "seeds": training["seeds"],
        "hardware": training["hardware"],
        "precision": training["precision"],
        "xla": training["xla"],
    }


def _commit() -> str:
    """The Git commit, and whether files differ from it; «unknown» outside a repository."""
    try:
        head = subprocess.run(
            ["git", "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True
        ).stdout
        changes = subprocess.run(
            ["git", "status", "--porcelain", "--", "pipelines", "params.yaml", "dvc.yaml"],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head.strip() + (" with changes that are not committed" if changes.strip() else "")
