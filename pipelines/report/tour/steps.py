"""The six steps, each with a chart of this run and the command that changes what it shows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pipelines.report import language
from pipelines.report.language import _, shown
from pipelines.report.texts import format_number
from pipelines.report.tour.material import Chart, Material, Network

Item = TypeVar("Item")


@dataclass(frozen=True)
class Step:
    """One step of the tour."""

    title: str
    paragraphs: list[str]
    chart: Chart | None
    command: str
    """It changes what the chart shows."""
    expect: str
    """What to look for after it has run."""
    page: str
    """The page that the chart is from, relative to `reports`."""


def of_run(materials: Sequence[Material]) -> list[Step]:
    """The steps for which this run has something to show."""
    found = (step(materials) for step in (_gate, _cell_state, _lstm_and_gru, _gradients, _both_directions, _choice))
    return [step for step in found if step is not None]


def _gate(materials: Sequence[Material]) -> Step | None:
    """What a gate does: of the plain LSTM whose gates are most often saturated."""
    found = _most(
        ((_saturated(lstm), material) for material, lstm in _lstms(materials) if material.gates and lstm.saturation)
    )
    if found is None:
        return None
    lstm = _drawn(found)
    busiest = max(lstm.saturation, key=lambda gate: gate.open)
    return Step(
        _("What a gate does"),
        [
            _(
                "A gate is a vector of numbers between 0 and 1, one for each unit, computed at every step from the input and the "
                "previous hidden state: g = σ(x W + h R + b). What it multiplies passes where it is 1 and is dropped where it is "
                "0."
            ),
            _(
                "The chart is of {problem}, model {model}: yellow is open, dark blue closed. In this network the gate that is "
                "most often open is the {gate} of {layer}: above 0.9 at {open:.1%} of all steps and units, below 0.1 at "
                "{closed:.1%}. Gates in between scale their input rather than decide.",
                problem=found.problem,
                model=lstm.model,
                gate=shown(busiest.gate),
                layer=busiest.layer,
                open=busiest.open,
                closed=busiest.closed,
            ),
        ],
        found.gates,
        _command(found, lstm, f"recurrent=[{{cell: {lstm.cells[0]}, units: {lstm.units[0]}, forget_bias: -1.0}}]"),
        _(
            "With a forget bias of −1 the forget gates begin nearly closed. Do they learn to open, and what does it cost?"
        ),
        _page(found, lstm.model),
    )


def _cell_state(materials: Sequence[Material]) -> Step | None:
    """What the cell state keeps: of the plain LSTM that looks back over the largest share of its window."""
    found = _most(
        (
            ((lstm.memory_length or 0) / material.steps, material)
            for material, lstm in _lstms(materials)
            if material.memory
        )
    )
    if found is None:
        return None
    lstm = _drawn(found)
    lasting = (
        _(
            " Here, 90 % of the gradient lies within the last {length:.0f} of {all} {steps}.",
            length=lstm.memory_length,
            all=found.steps,
            steps=language.steps(found.step),
        )
        if lstm.memory_length is not None
        else ""
    )
    return Step(
        _("What the cell state keeps"),
        [
            _(
                "An LSTM writes to its cell state by addition: c = f ⊙ c′ + i ⊙ g. As long as the forget gate f is near 1 and "
                "the input gate i near 0, a value stays there unchanged. The hidden state h = o ⊙ tanh(c) is what the rest of "
                "the network is shown of it."
            ),
            _(
                "The chart is of {problem}, model {model}: solid lines are cell states, dotted ones what the output gate lets "
                "through.{lasting}",
                problem=found.problem,
                model=lstm.model,
                lasting=lasting,
            ),
        ],
        found.memory,
        _command(found, lstm, f"recurrent=[{{cell: nfg, units: {lstm.units[0]}}}]"),
        _("The cell nfg has no forget gate, so that its cell state can only grow. Compare the lines, and the score."),
        _page(found, lstm.model),
    )


def _lstm_and_gru(materials: Sequence[Material]) -> Step | None:
    """Where LSTM and GRU differ: on the problem where the two differ most, relative to the LSTM's mean."""
    pairs = [
        (material, lstm, gru)
        for material in materials
        if (lstm := material.plain("lstm")) and (gru := material.plain("gru")) and not gru.budget
    ]
    found = _most(
        ((abs(lstm.mean - gru.mean) / (abs(lstm.mean) or 1), (material, lstm, gru)) for material, lstm, gru in pairs)
    )
    if found is None:
        return None
    material, lstm, gru = found
    better = [
        pair
        for pair in pairs
        if (pair[2].mean < pair[1].mean) == pair[0].lower_is_better and pair[2].mean != pair[1].mean
    ]
    return Step(
        _("Where LSTM and GRU differ"),
        [
            _(
                "A GRU has no cell state and no output gate: its hidden state h = z ⊙ h′ + (1 − z) ⊙ n is the memory, and one "
                "update gate z both keeps and writes. Per layer that is three matrices in place of four, hence at equal units "
                "three quarters of the parameters."
            ),
            _(
                "They differ most in this run on {problem}: {metric} {lstm_score} for {lstm} with {lstm_parameters:,} parameters and "
                "{gru_score} for {gru} with {gru_parameters:,}. Over the {pairs} problems with both, the GRU has the better mean on "
                "{better}. Which of these differences are significant stands in the matrix on the first page, not here: a mean "
                "alone decides nothing.",
                problem=material.problem,
                metric=shown(material.metric),
                lstm_score=_score(lstm),
                lstm=lstm.model,
                lstm_parameters=lstm.parameters,
                gru_score=_score(gru),
                gru=gru.model,
                gru_parameters=gru.parameters,
                pairs=len(pairs),
                better=len(better),
            ),
        ],
        material.training,
        _command(material, gru, f"recurrent=[{', '.join(f'{{cell: gru, units: {units}}}' for units in lstm.units)}]"),
        _("Now both have equal units. Where models differ in size as well, a difference says nothing about the cell."),
        _page(material, "index"),
    )


def _gradients(materials: Sequence[Material]) -> Step | None:
    """Vanishing and exploding gradients: on the problem where a simple RNN looks back least in comparison with a gated network."""
    rated = []
    for material in materials:
        rnn = material.plain("simple_rnn")
        gated = [
            network
            for network in (material.plain("lstm"), material.plain("gru"))
            if network and network.memory_length is not None
        ]
        if rnn and rnn.memory_length and gated and material.dependency:
            longest = max(gated, key=lambda network: network.memory_length or 0)
            rated.append(((longest.memory_length or 0) / rnn.memory_length, (material, rnn, longest)))
    found = _most(rated)
    if found is None:
        return None
    material, rnn, longest = found
    clipped = max(material.networks, key=lambda network: network.clipped)
    return Step(
        _("Vanishing and exploding gradients, and clipping"),
        [
            _(
                "Back-propagation through time multiplies one Jacobian per step. In a simple RNN the product shrinks or grows "
                "exponentially (Bengio et al. 1994, Pascanu et al. 2013). A forget or update gate near 1 makes the factor about "
                "1 along the memory, so that the gradient reaches further back. Gates do not keep gradients from exploding: for "
                "that the norm of each step's gradient is clipped."
            ),
            _(
                "The chart is of {problem}: 90 % of the gradient of {rnn} lies within the last {short:.0f} {steps}, "
                "that of {gated} within {long:.0f}. In {share:.0%} of the epochs of {clipped} the mean norm was "
                "above the limit of clipping.",
                problem=material.problem,
                rnn=rnn.model,
                short=rnn.memory_length,
                steps=language.steps(material.step),
                gated=longest.model,
                long=longest.memory_length or 0,
                share=clipped.clipped,
                clipped=clipped.model,
            ),
        ],
        material.dependency,
        f"dvc exp run -S {material.task}.train.clip_norm=null",
        _(
            "Gradients are not clipped now, unless a model or a target has a limit of its own: look at «Gradient norm in "
            "training» on the pages of the models."
        ),
        _page(material, "index"),
    )


def _both_directions(materials: Sequence[Material]) -> Step | None:
    """What reading in both directions and attention buy: where the difference is largest."""
    pairs = []
    for material in materials:
        for network in material.networks:
            if network.bidirectional or network.attention:
                other = next((one for one in material.networks if _is_simpler(one, network)), None)
                if other is not None:
                    gain = (network.mean - other.mean) * (-1 if material.lower_is_better else 1)
                    pairs.append((abs(gain) / (abs(other.mean) or 1), (material, other, network, gain)))
    found = _most(pairs)
    if found is None:
        return None
    material, simpler, network, gain = found
    what = _("attention") if network.attention and not simpler.attention else _("reading in both directions")
    return Step(
        _("What bidirectional layers and attention buy"),
        [
            _(
                "A bidirectional layer is two layers, one of which reads from the end: every step knows what follows. That is "
                "allowed where the whole sequence is there before an answer is wanted (a text, a recording), never in "
                "forecasting. Attention lets the output look at every step directly, so that nothing has to be carried through "
                "the state of the last one (Bahdanau et al. 2015)."
            ),
            _(
                "The largest difference of this run: on {problem}, {simpler} has {metric} {before} and {network}, with {what}, "
                "{after}, a mean that is {direction} by {gain}, for {parameters:.1f} times the parameters and "
                "{time:.1f} times the time for an epoch. Whether the difference is significant stands on the page "
                "of the task.",
                problem=material.problem,
                simpler=simpler.model,
                metric=shown(material.metric),
                before=_score(simpler),
                network=network.model,
                what=what,
                after=_score(network),
                direction=_("higher") if network.mean > simpler.mean else _("lower"),
                gain=format_number(abs(gain), 3),
                parameters=network.parameters / simpler.parameters,
                time=network.seconds_per_epoch / simpler.seconds_per_epoch,
            ),
        ],
        material.training,
        f"dvc exp run -S '{material.task}.train.seeds=[1,2,3,4,5]'",
        _("With five seeds: does the difference stand?"),
        _page(material, network.model),
    )


def _choice(materials: Sequence[Material]) -> Step | None:
    """How to choose: what this run says on all its problems together."""
    lost = [material.problem for material in materials if material.outcome != "won"]
    smaller = [material for material in materials if material.recommended != material.best]
    beaten = (
        _(
            "On {count} of {all} problems no network is significantly better than the best baseline: {problems}.",
            count=len(lost),
            all=len(materials),
            problems="; ".join(lost),
        )
        if lost
        else _(
            "On all {count} problems the best network is significantly better than the best baseline.",
            count=len(materials),
        )
    )
    cheaper = (
        _(
            " On {count} of all {all} a smaller model than the best one is within one standard error of it: {models}.",
            count=len(smaller),
            all=len(materials),
            models="; ".join(
                _("{model} on {problem}", model=material.recommended, problem=material.problem) for material in smaller
            ),
        )
        if smaller
        else ""
    )
    return Step(
        _("How to choose"),
        [
            _(
                "First ask whether a recurrent network is needed at all: the baseline is often enough. Then prefer the smallest "
                "model that is not significantly worse. Then let the future in where it is there."
            ),
            beaten + cheaper,
        ],
        None,
        f"gatehouse sweep {materials[0].task}",
        _(
            "Learning rate and size matter more than the cell (Greff et al. 2017): sweep them on the validation part for "
            "your own data before you decide."
        ),
        "index.html",
    )


# Choosing what to show


def _most(rated: Iterable[tuple[float, Item]]) -> Item | None:
    """The item with the highest value; the first of several; None if there is none."""
    best: tuple[float, Item] | None = None
    for value, item in rated:
        if best is None or value > best[0]:
            best = (value, item)
    return best[1] if best else None


def _lstms(materials: Sequence[Material]) -> list[tuple[Material, Network]]:
    return [(material, _drawn(material)) for material in materials if material.lstm]


def _drawn(material: Material) -> Network:
    """The network whose gates and memory are drawn."""
    assert material.lstm is not None
    return material.network(material.lstm)


def _saturated(network: Network) -> float:
    return max((gate.open + gate.closed for gate in network.saturation), default=0.0)


def _is_simpler(one: Network, network: Network) -> bool:
    """Whether `one` lacks just what `network` has: the same layers, without attention, or in one direction only."""
    if one.cells != network.cells or one.units != network.units or one.model == network.model:
        return False
    without_attention = network.attention and not one.attention and one.bidirectional == network.bidirectional
    one_direction = network.bidirectional and not one.bidirectional and one.attention == network.attention
    return without_attention or one_direction


def _score(network: Network) -> str:
    spread = f" ± {format_number(network.std, 2)}" if network.std is not None else ""
    return f"{format_number(network.mean, 4)}{spread}"


def _command(material: Material, network: Network, change: str) -> str:
    return f"dvc exp run -S '{material.task}.models.{network.model}.{change}'"


def _page(material: Material, name: str) -> str:
    return f"tasks/{material.task}/{name}.html"
