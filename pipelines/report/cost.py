"""Quality against cost: a picture and a table for each target of a task."""

from typing import Any

from pipelines.report import figures as charts
from pipelines.report.figures import Figure
from pipelines.report.language import _, mark, shown
from pipelines.results import Results

COSTS = {
    "inference_ms": mark("milliseconds an item"),
    "parameters": mark("parameters"),
    "seconds_per_epoch": mark("seconds an epoch"),
    "train_seconds": mark("seconds of training, all seeds and targets"),
    "peak_memory_mb": mark("peak memory of training, MB"),
}


def pareto(results: Results, target: str) -> Figure:
    """The primary metric of each model over its cost, with the spread over seeds; the reader chooses which cost."""
    decision, comparison = results.decisions[target], results.comparison
    scores, costs = comparison["scores"][target], comparison["cost"]["models"]
    metric = decision["metric"]
    plot = charts.empty(shown(COSTS["inference_ms"]), shown(metric["title"]))
    for index, model in enumerate(results.models):
        score = scores[model]
        color = charts.COLORS[index % len(charts.COLORS)]
        plot.add_scatter(
            x=[costs[model]["inference_ms"]],
            y=charts.plain([score["mean"]]),
            error_y=None if score["std"] is None else {"array": charts.plain([score["std"]]), "color": color},
            name=model,
            mode="markers+text",
            text=[model],
            textposition="top center",
            cliponaxis=False,
            marker={"color": color, "size": 10},
            hovertemplate=_("{model}: %{{y:.4g}} at %{{x:.4g}}<extra></extra>", model=model),
            showlegend=False,
        )
    plot.add_hline(
        y=decision["baseline_value"],
        line={"color": "#999999", "dash": "dot"},
        annotation={"text": shown(decision["baseline"]), "font": {"color": "#616e7c"}},
    )
    buttons: list[dict[str, Any]] = [
        {
            "label": shown(title),
            "method": "update",
            "args": [{"x": [[costs[model][key]] for model in results.models]}, {"xaxis.title.text": shown(title)}],
        }
        for key, title in COSTS.items()
    ]
    plot.update_layout(
        hovermode="closest",
        updatemenus=[{"buttons": buttons, "x": 1, "xanchor": "right", "y": 1.02, "yanchor": "bottom"}],
        margin={"t": 48, "r": 72},
    )
    plot.update_xaxes(rangemode="tozero")
    batch = costs[results.models[0]]["inference_batch"]
    spread = _("bars of one standard deviation over seeds; ") if decision["seeds"] > 1 else ""
    return Figure(
        f"pareto-{target}",
        _("Quality against cost"),
        _(
            "The models' {title} on the test data over their cost ({spread}dotted the best baseline). The menu chooses the "
            "cost. Time an item: one forward pass over a batch of at most {batch} items, one thread an operation, median of "
            "several.",
            title=shown(metric["title"]),
            spread=spread,
            batch=batch,
        ),
        _(
            "The best models lie {side} and to the left. A model is not worth its cost where another is both better and "
            "cheaper; between the others it is a choice. Times are of this machine, and differ by some per cent from run to "
            "run.",
            side=_("below") if metric["lower_is_better"] else _("above"),
        ),
        plot,
    )


def rows(results: Results, target: str) -> dict[str, Any]:
    """The table of costs: what each model took, and to the validation loss that all runs reach."""
    cost = results.comparison["cost"]
    reach = cost["to_reach"][target]
    return {
        "valid_loss": reach["valid_loss"],
        "batch": cost["models"][results.models[0]]["inference_batch"],
        "models": [
            {"name": model, "cost": cost["models"][model], "reached": reach["models"][model]}
            for model in results.models
        ],
    }
