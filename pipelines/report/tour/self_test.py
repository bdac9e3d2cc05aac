"""Questions about gated networks whose answers are this run's own numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

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
                "An LSTM and a GRU have the same units. Which has fewer parameters, and about how many for each of the other's?",
                f"The GRU: three matrices per layer in place of four, hence three quarters in the recurrent layers. On "
                f"{material.problem}, {gru.model} has {gru.parameters:,} parameters in all and {lstm.model} "
                f"{lstm.parameters:,}: {gru.parameters / lstm.parameters:.2f} for each, since the other layers are the same.",
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
        "What happens to a unit's cell state while its forget gate is 1 and its input gate 0? How often is a forget gate "
        "wide open in this run?",
        f"The cell state stays as it is, and the gradient passes through it undiminished. Most often on {material.problem}: the "
        f"forget gates of {gate.layer} of {network.model} are above 0.9 at {share:.1%} of all steps and units.",
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
                "Which looks further back, a simple RNN or a gated network, and what is that called in the simple RNN?",
                "The gradient of a simple RNN vanishes exponentially with the distance; gates keep it alive. "
                f"On {material.problem}, 90 % of the gradient lies within {rnn.memory_length:.0f} {material.step}s for {rnn.model} and "
                f"within {longest.memory_length:.0f} for {longest.model}"
                + ("." if further else ": so here the gates bought no longer memory, which this problem may not need."),
                _page(material, "index"),
            )
    return None


def _baseline(materials: Sequence[Material]) -> Question | None:
    """Whether the networks are needed."""
    lost = [material for material in materials if material.outcome != "won"]
    names = "; ".join(f"{material.problem} (baseline: {material.baseline})" for material in lost)
    return Question(
        "On how many problems of this run would you not need a recurrent network at all?",
        f"On {len(lost)} of {len(materials)}, where the best network is not significantly better than the best baseline"
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
        "A gradient's norm is above the limit of clipping in most steps. What sets the pace of training then?",
        "Still the learning rate: Adam divides by the gradients' own running size, so a limit that always holds changes little but that "
        "one large gradient does not dominate the averages. "
        f"In this run that is most often so for {network.model} on {material.problem}: in {share:.0%} of its epochs the mean "
        "norm is above the limit.",
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
                    f"On {material.problem} {better.model} has {material.metric} {_score(better)} and {worse.model} {_score(worse)} "
                    "(mean ± standard deviation over seeds). Is the first one better?",
                    f"Nobody can tell from this: the difference of {format_number(difference, 2)} is smaller than what another seed "
                    f"changes ({format_number(better.std, 2)}). Choose the cheaper one.",
                    _page(material, "index"),
                )
    return None


def _future(materials: Sequence[Material]) -> Question | None:
    """Where bidirectional layers are allowed."""
    allowed = [material.problem for material in materials if any(one.bidirectional for one in material.networks)]
    if not allowed:
        return None
    return Question(
        "Where may a bidirectional layer be used?",
        f"Where all of the input is there before the answer is wanted. In this run: {'; '.join(allowed)}. In a forecast, or where words "
        "are to appear while somebody is still speaking, it would need what is not there yet.",
        "index.html",
    )


def _score(network: Network) -> str:
    return f"{format_number(network.mean, 4)} ± {format_number(network.std, 2)}"


def _page(material: Material, name: str) -> str:
    return f"tasks/{material.task}/{name}.html"
