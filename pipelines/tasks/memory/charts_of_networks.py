"""Charts of the networks: how errors flow back through them, how open their gates are, and what they answer."""

from typing import Any

import numpy as np

from pipelines.report import figures as charts
from pipelines.report.figures import Figure
from pipelines.report.language import _
from pipelines.results import Results
from pipelines.tasks.memory.data import Meta
from pipelines.tasks.memory.problems import ADDING, COPY
from pipelines.tasks.memory.records import BeforeAfter, Illustration
from pipelines.tasks.memory.score import Answers

LEAST = 1e-30
"""A logarithmic axis has no zero."""
OPEN = 0.9
"""A gate with a larger mean keeps its memory for ten steps and more."""


def of_model(results: Results, target: str, model: str) -> list[Figure]:
    """The answers of a model."""
    record = results.record(model, target, Answers)
    problem = results.meta_as(Meta).targets[target].problem
    if problem == ADDING:
        return [_sums(record, target)]
    return [_recall(record, target) if problem == COPY else _confusion(record, target)]


def _illustrations(results: Results, target: str) -> dict[str, Illustration]:
    found = {model: results.illustration(model, target, Illustration) for model in results.models}
    return {model: illustration for model, illustration in found.items() if illustration is not None}


# Gradients and gates


def gradients(results: Results, target: str) -> Figure:
    """The gradient of the loss with respect to the state, step by step, before and after training."""
    plot = charts.empty(_("steps before the last"), _("|d loss / d state|"))
    absolute, relative = [], []
    for index, (model, illustration) in enumerate(_illustrations(results, target).items()):
        for name, values, dash in _both(model, illustration.gradient):
            floored = np.maximum(values, LEAST)
            color = charts.COLORS[index % len(charts.COLORS)]
            charts.add_line(plot, name, charts.times(len(values)), floored, color=color, dash=dash)
            absolute.append(floored)
            relative.append(np.maximum(values / max(values[-1], LEAST), LEAST))
    charts.add_menu(plot, {_("as it is"): absolute, _("relative to the last step"): relative})
    plot.update_yaxes(type="log", exponentformat="power")
    return Figure(
        f"state-gradients-{target}",
        _("{target}: how errors flow back, before and after training", target=target),
        _(
            "Norm of the gradient of the loss with respect to the state of the recurrent layer (hidden and cell state "
            "together) after every step, mean over test examples: dotted with initial weights of the first seed, solid after "
            "training (explained seed)."
        ),
        _(
            "Read from right to left, as errors do. A line that falls steadily is a vanishing gradient: what happened "
            "further left cannot be learned from. One that rises to the left explodes. A gate that is open carries the error "
            "back unchanged, so its line is flat; training that succeeds lifts the left end."
        ),
        plot,
    )


def kept(results: Results, target: str) -> list[Figure]:
    """How open the gate that keeps the memory is, before and after training."""
    found = {
        model: found.kept_by_unit for model, found in _illustrations(results, target).items() if found.kept_by_unit
    }
    if not found:
        return []
    plot = charts.empty(_("share of the units"), _("mean of the gate"))
    moved = ", ".join(
        _(
            "{model} {before} to {after} of {units}",
            model=model,
            before=int((both.before > OPEN).sum()),
            after=int((both.after > OPEN).sum()),
            units=len(both.after),
        )
        for model, both in found.items()
    )
    for index, (model, both) in enumerate(found.items()):
        color = charts.COLORS[index % len(charts.COLORS)]
        for name, values, dash in _both(model, both):
            charts.add_line(plot, name, np.linspace(0, 1, len(values)), values, color=color, dash=dash)
    plot.update_yaxes(range=[0, 1.02])
    plot.update_xaxes(tickformat=".0%")
    return [
        Figure(
            f"kept-{target}",
            _("{target}: gates that learn to stay open", target=target),
            _(
                "The gate that decides how much of the memory is kept (forget gate of an LSTM, update gate of a GRU): its mean "
                "over test examples and steps, units sorted from the most closed to the most open; dotted with initial weights "
                "of the first seed, solid after training (explained seed). Units with a mean above {limit:g}, before and after: "
                "{moved}.",
                limit=OPEN,
                moved=moved,
            ),
            _(
                "A unit with a mean of 0.99 keeps its memory for about a hundred steps, one with 0.73 (an initial forget bias of "
                "1) for three, and one with 0.5 (a bias of 0) for one and a half. Where a problem is solved, more units are at "
                "the top."
            ),
            plot,
        )
    ]


def _both(model: str, both: BeforeAfter) -> list[tuple[str, Any, str]]:
    return [(_("{model}, before", model=model), both.before, "dot"), (model, both.after, "solid")]


# Answers


def _sums(record: Answers, target: str) -> Figure:
    plot = charts.empty(_("right sum"), _("answer"))
    charts.add_points(plot, _("test examples"), record.right, record.given)
    charts.add_line(plot, _("right"), [0, 2], [0, 2], color="#999999", dash="dot")
    plot.update_layout(hovermode="closest")
    return Figure(
        f"answers-{target}",
        _("{target}: answers against right sums", target=target),
        _("Each of {count:,} test examples (explained seed).", count=len(record.right)),
        _(
            "A network that has found the marks is on the diagonal; one that has not answers about 1, the mean, whatever it "
            "reads."
        ),
        plot,
    )


def _recall(record: Answers, target: str) -> Figure:
    right = (record.given == record.right).mean(0)
    plot = charts.empty(_("place of the symbol"), _("recalled"))
    plot.add_bar(x=list(range(1, len(right) + 1)), y=charts.plain(right), marker={"color": charts.COLORS[0]})
    plot.add_hline(y=1 / 8, line={"color": "#999999", "dash": "dot"}, annotation_text=_("guessing"))
    plot.update_yaxes(tickformat=".0%", range=[0, 1.02])
    return Figure(
        f"answers-{target}",
        _("{target}: which symbols are recalled", target=target),
        _(
            "Share of {count:,} test examples whose symbol at each place is written right (explained seed).",
            count=len(record.right),
        ),
        _(
            "All symbols have to be kept over the same number of steps. Where the first are right and the last are not, or "
            "the other way round, the state holds only some of them."
        ),
        plot,
    )


def _confusion(record: Answers, target: str) -> Figure:
    counts = np.zeros((10, 10), int)
    np.add.at(counts, (record.right, record.given), 1)
    labels = [str(digit) for digit in range(10)]
    plot = charts.empty(_("answer"), _("digit"), height=460)
    plot.add_heatmap(
        z=counts.tolist(),
        x=labels,
        y=labels,
        text=counts.tolist(),
        texttemplate="%{text}",
        colorscale="Blues",
        showscale=False,
    )
    plot.update_layout(hovermode="closest")
    plot.update_xaxes(type="category")
    plot.update_yaxes(type="category", autorange="reversed")
    return Figure(
        f"answers-{target}",
        _("{target}: which digits are taken for which", target=target),
        _(
            "Test images (explained seed): {count:,}, rows by their digit, columns by the answer.",
            count=len(record.right),
        ),
        "The pixels come row by row, so what the network sees last is the lower edge; digits that differ above it have to be remembered.",
        plot,
    )
