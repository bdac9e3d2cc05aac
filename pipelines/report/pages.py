"""HTML pages from templates: a task's and a model's. They open from disk, without a network connection."""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from jinja2 import Environment
from markupsafe import Markup

from pipelines import artifacts, releases
from pipelines.report import cards, cost, explanations, language, microscope, texts
from pipelines.report.figures import Figure
from pipelines.report.language import _, shown
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
    page = environment("../..", f"tasks/{results.task}/index.html").get_template("task.html")
    text = page.render(
        results=results,
        title=shown(title),
        question=shown(question),
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
    page = environment("../..", f"tasks/{results.task}/{model}.html").get_template("model.html")
    text = page.render(
        results=results,
        title=shown(title),
        model=model,
        training=results.training(model),
        sections=sections,
        card=cards.rendered(releases.card(results.task, model)),
        card_folder=releases.model(results.task, model).as_posix(),
        provenance=provenance(results, params, model),
    )
    (folder / f"{model}.html").write_text(text, encoding="utf-8")


def write_files(folder: Path, results: Results, model: str) -> None:
    """What a model's page offers to listen to or to download: once, beside the English pages."""
    for target in results.targets:
        for file in results.files(model, target).glob("*"):  # not by `copytree`, whose error does not tell a full disk
            copy = folder / files_folder(results.task, model, target) / file.name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, copy)


def write_microscope_data(folder: Path, results: Results, model: str, tracks: Mapping[str, Sequence[Track]]) -> None:
    """The data of a model's microscope: once, below the English pages; `tracks` are of the sequences of its records, by target."""
    for target in results.targets:
        path = folder / microscope.FOLDER / microscope.data_path(model, target)
        microscope.write_data(path, model, target, results.microscope(model, target), tracks[target])


def write_microscope(folder: Path, results: Results, title: str, model: str) -> None:
    """A model's page `microscope/<model>.html`."""
    path = folder / microscope.FOLDER / f"{model}.html"
    data = "" if language.active() == language.SOURCE else f"../../../../tasks/{results.task}/{microscope.FOLDER}/"
    page = environment("../../..", f"tasks/{results.task}/{microscope.FOLDER}/{model}.html")
    text = page.get_template("microscope.html").render(
        title=shown(title),
        model=model,
        models=results.models,
        sequences=len(results.microscope(model, results.targets[0]).sequences),
        microscope=microscope.component(model, results.targets, results.models, data),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def write_assets(folder: Path) -> None:
    """The style sheet, the scripts, what scripts say in each language, and Plotly's script, which comes in Plotly's package."""
    import plotly.io

    folder.mkdir(parents=True, exist_ok=True)
    for own in ("style.css", "language.js", "page.js", "coloured.js", "choice.js", "pipeline.js"):
        shutil.copyfile(texts.TEMPLATES / own, folder / own)
    microscope.write_assets(folder)
    for code in language.LANGUAGES:
        with language.speaking(code):
            if locale := language.plotly_locale():
                messages = texts.script_json(language.script_messages())
                says = f"const messages = {messages};\nwindow.Plotly?.register({texts.script_json(locale)});\n"
                (folder / f"messages.{code}.js").write_text(says, encoding="utf-8")
    script = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    shutil.copyfile(script, folder / "plotly.min.js")
    template = json.dumps(plotly.io.templates["plotly_white"].to_plotly_json(), separators=(",", ":"))
    (folder / "charts.js").write_text(f"const chartTemplate = {template};\n", encoding="utf-8")


def environment(root: str, page: str = "index.html", alone: bool = False) -> Environment:
    """The templates for `page`, from which `root` leads to the folder of the reports in its language.

    `alone`: there are no other pages, so that it has no menus and no search; its assets are below `root` in every language.
    """
    found = texts.environment()
    found.filters |= {"chart": _chart, "bytes": _bytes, "script_json": _script_json}
    shared = root if alone or language.active() == language.SOURCE else f"{root}/.."
    found.globals |= {
        "root": root,
        "alone": alone,
        "assets": f"{shared}/assets",
        "sisters": {
            code: (name, f"{shared}/{quote(page)}" if code == language.SOURCE else f"{shared}/{code}/{quote(page)}")
            for code, name in language.LANGUAGES.items()
            if code != language.active()
        },
    }
    return found


def _chart(figure: Figure | Chart) -> Markup:
    """The figure's data and layout."""
    plot = figure.plot
    content = dict(plot) if isinstance(plot, dict) else json.loads(cast("go.Figure", plot).to_json())
    content["layout"].pop("template", None)  # `charts.js` has it once for all
    content["config"] = CHART_OPTIONS | ({} if language.active() == language.SOURCE else {"locale": language.active()})
    return texts.script_json(language.chart(content))


def _script_json(value: Any) -> Markup:
    """Plain values and dataclasses as JSON inside a script element."""
    return texts.script_json(artifacts.plain(value))


def _bytes(size: int) -> str:
    number, unit = (size / 1e6, "MB") if size >= 1e5 else (size / 1e3, "kB")
    return language.localised(f"{number:.1f}") + f" {unit}"


def _metric_rows(results: Results, model: str, target: str) -> list[dict[str, Any]]:
    """Metric, test and validation summaries of one model."""
    test, valid = (results.metrics(model)[split][target] for split in ("test", "valid"))
    return [{"name": shown(results.metric_title(name)), "test": test[name], "valid": valid.get(name)} for name in test]


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
            "name": shown(name),
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
        "columns": [shown(results.metric_title(column)) for column in columns],
        "better": "↓" if primary["lower_is_better"] else "↑",
        "rows": rows,
    }


def provenance(results: Results, params: dict[str, Any], model: str | None = None) -> dict[str, Any]:
    """Where a page's numbers come from: code, data, seeds, machine, parameters."""
    training = results.training(model or results.models[0])
    return {
        "commit": commit(),
        "params": json.dumps(params, indent=2, ensure_ascii=False),
        "source": results.provenance["source"],
        "raw": results.provenance["raw"],
        "seeds": training["seeds"],
        "hardware": training["hardware"],
        "precision": training["precision"],
        "xla": training["xla"],
    }


def commit() -> str:
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
        return _("unknown")
    return head.strip() + (_(" with changes that are not committed") if changes.strip() else "")
