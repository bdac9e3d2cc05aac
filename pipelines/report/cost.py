"""Quality against cost: a picture and a table for each target of a task."""

from typing import Any

from pipelines.report import figures as charts
from pipelines.report.figures import Figure
from pipelines.results import Results

COSTS = {
    "inference_ms": "milliseconds an item",
    "parameters": "parameters",
    "seconds_per_epoch": "seconds an epoch",
    "train_seconds": "seconds of training, all seeds and targets",
    "peak_memory_mb": "peak memory of training, MB",
}


def pareto(results: Results, target: str) -> Figure:
    """The primary metric of each model over its cost, with the spread over seeds; the reader chooses which cost."""
    decision, comparison = results.decisions[target], results.comparison
    scores, costs = comparison["scores"][target], comparison["cost"]["models"]
    metric = decision["metric"]
    plot = charts.empty(COSTS["inference_ms"], metric["title"])
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
            hovertemplate=f"{model}: %{{y:.4g}} at %{{x:.4g}}<extra></extra>",
            showlegend=False,
        )
    plot.add_hline(
        y=decision["baseline_value"],
        line={"color": "#999999", "dash": "dot"},
        annotation={"text": decision["baseline"], "font": {"color": "#616e7c"}},
    )
    buttons: list[dict[str, Any]] = [
        {
            "label": title,
            "method": "update",
            "args": [{"x": [[costs[model][key]] for model in results.models]}, {"xaxis.title.text": title}],
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
    spread = "bars of one standard deviation over seeds; " if decision["seeds"] > 1 else ""
    return Figure(
        f"pareto-{target}",
        "Quality against cost",
        f"The models' {metric['title']} on the test data over their cost ({spread}dotted the best baseline). The menu chooses the cost. "
        f"Time an item: one forward pass over a batch of at most {batch} items, one thread an operation, median of several.",
        f"The best models lie {'below' if metric['lower_is_better'] else 'above'} and to the left. A model is not worth its cost where "
        "another is both better and cheaper; between the others it is a choice. Times are of this machine, and differ by some per cent "
        "from run to run.",
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
