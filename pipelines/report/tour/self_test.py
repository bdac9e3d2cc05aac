"""Questions about gated networks whose answers are this run's own numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipelines.report import language
from pipelines.report.language import _, shown
from pipelines.report.texts import format_number
from pipelines.report.tour.material import Material, Network


@dataclass(frozen=True)
class Question:
    """One question, its answer, and where the evidence is."""

    question: str
    answer: str
    page: str
    """Relative to `reports`."""


def of_run(materials: Sequence[Material]) -> list[Question]:
    """The questions that this run can answer."""
    found = (
        question(materials) for question in (_parameters, _open_gate, _reach, _baseline, _clipping, _spread, _future)
    )
    return [question for question in found if question is not None]


def _parameters(materials: Sequence[Material]) -> Question | None:
    """An LSTM and a GRU with the same units."""
    for material in materials:
        lstm, gru = material.plain("lstm"), material.plain("gru")
        if lstm and gru and lstm.units == gru.units:
            return Question(
                _(
                    "An LSTM and a GRU have the same units. Which has fewer parameters, and about how many for each of the other's?"
                ),
                _(
                    "The GRU: three matrices per layer in place of four, hence three quarters in the recurrent layers. On {problem}, "
                    "{gru} has {few:,} parameters in all and {lstm} {many:,}: {ratio:.2f} for each, since "
                    "the other layers are the same.",
                    problem=material.problem,
                    gru=gru.model,
                    few=gru.parameters,
                    lstm=lstm.model,
                    many=lstm.parameters,
                    ratio=gru.parameters / lstm.parameters,
                ),
                _page(material, "index"),
            )
    return None


def _open_gate(materials: Sequence[Material]) -> Question | None:
    """The forget gate of the plain LSTM that keeps most."""
    rated = [
        (gate.open, material, material.network(material.lstm), gate)
        for material in materials
        if material.lstm
        for gate in material.network(material.lstm).saturation
        if gate.gate == "forget gate"
    ]
    if not rated:
        return None
    share, material, network, gate = max(rated, key=lambda entry: entry[0])
    return Question(
        _(
            "What happens to a unit's cell state while its forget gate is 1 and its input gate 0? How often is a forget gate "
            "wide open in this run?"
        ),
        _(
            "The cell state stays as it is, and the gradient passes through it undiminished. Most often on {problem}: the "
            "forget gates of {layer} of {model} are above 0.9 at {share:.1%} of all steps and units.",
            problem=material.problem,
            layer=gate.layer,
            model=network.model,
            share=share,
        ),
        _page(material, network.model),
    )


def _reach(materials: Sequence[Material]) -> Question | None:
    """The simple RNN against the gated network that looks back furthest."""
    for material in materials:
        rnn = material.plain("simple_rnn")
        gated = [network for network in map(material.plain, ("lstm", "gru")) if network and network.memory_length]
        if rnn and rnn.memory_length and gated:
            longest = max(gated, key=lambda network: network.memory_length or 0)
            further = (longest.memory_length or 0) > rnn.memory_length
            return Question(
                _(
                    "Which looks further back, a simple RNN or a gated network, and what is that called in the simple RNN?"
                ),
                _(
                    "The gradient of a simple RNN vanishes exponentially with the distance; gates keep it alive. On {problem}, 90 % "
                    "of the gradient lies within {short:.0f} {steps} for {rnn} and within {long:.0f} for {gated}",
                    problem=material.problem,
                    short=rnn.memory_length,
                    steps=language.steps(material.step),
                    rnn=rnn.model,
                    long=longest.memory_length,
                    gated=longest.model,
                )
                + (
                    "."
                    if further
                    else _(": so here the gates bought no longer memory, which this problem may not need.")
                ),
                _page(material, "index"),
            )
    return None


def _baseline(materials: Sequence[Material]) -> Question | None:
    """Whether the networks are needed."""
    lost = [material for material in materials if material.outcome != "won"]
    names = "; ".join(
        _("{problem} (baseline: {baseline})", problem=material.problem, baseline=shown(material.baseline))
        for material in lost
    )
    return Question(
        _("On how many problems of this run would you not need a recurrent network at all?"),
        _(
            "On {count} of {all}, where the best network is not significantly better than the best baseline",
            count=len(lost),
            all=len(materials),
        )
        + (f": {names}." if lost else "."),
        "index.html",
    )


def _clipping(materials: Sequence[Material]) -> Question | None:
    """The network whose gradient is clipped most often."""
    rated = [(network.clipped, material, network) for material in materials for network in material.networks]
    share, material, network = max(rated, key=lambda entry: entry[0])
    if not share:
        return None
    return Question(
        _("A gradient's norm is above the limit of clipping in most steps. What sets the pace of training then?"),
        _(
            "Still the learning rate: Adam divides by the gradients' own running size, so a limit that always holds changes "
            "little but that one large gradient does not dominate the averages. In this run that is most often so for "
            "{model} on {problem}: in {share:.0%} of its epochs the mean norm is above the limit.",
            model=network.model,
            problem=material.problem,
            share=share,
        ),
        _page(material, network.model),
    )


def _spread(materials: Sequence[Material]) -> Question | None:
    """A pair whose difference is smaller than the spread over seeds."""
    for material in materials:
        networks = sorted(material.networks, key=lambda network: network.mean, reverse=not material.lower_is_better)
        for better, worse in pairwise(networks):
            difference = abs(better.mean - worse.mean)
            alike = {better.model, worse.model} <= {material.best, *material.alike}
            if better.std and worse.std and alike and 0 < difference < better.std:
                return Question(
                    _(
                        "On {problem} {model} has {metric} {better} and {model2} {worse} (mean ± standard deviation over seeds). Is the "
                        "first one better?",
                        problem=material.problem,
                        model=better.model,
                        metric=shown(material.metric),
                        better=_score(better),
                        model2=worse.model,
                        worse=_score(worse),
                    ),
                    _(
                        "Nobody can tell from this: the difference of {difference} is smaller than what another seed changes ({std}). "
                        "Choose the cheaper one.",
                        difference=format_number(difference, 2),
                        std=format_number(better.std, 2),
                    ),
                    _page(material, "index"),
                )
    return None


def _future(materials: Sequence[Material]) -> Question | None:
    """Where bidirectional layers are allowed."""
    allowed = [material.problem for material in materials if any(one.bidirectional for one in material.networks)]
    if not allowed:
        return None
    return Question(
        _("Where may a bidirectional layer be used?"),
        _(
            "Where all of the input is there before the answer is wanted. In this run: {problems}. In a forecast, or where "
            "words are to appear while somebody is still speaking, it would need what is not there yet.",
            problems="; ".join(allowed),
        ),
        "index.html",
    )


def _score(network: Network) -> str:
    return f"{format_number(network.mean, 4)} ± {format_number(network.std, 2)}"


def _page(material: Material, name: str) -> str:
    return f"tasks/{material.task}/{name}.html"
