"""«Which should I use?»: a table from what a reader's problem is like to what this run recommends, computed from its decisions alone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import exp, log
from typing import Any

from pipelines.report import language
from pipelines.report.language import _, mark, shown
from pipelines.report.tour.material import Material, Network

ATTENTION = " with attention"
BASELINE, BIDIRECTIONAL = "no recurrent network", "bidirectional"
MEMORY = {"few": mark("up to 10"), "some": mark("11 to 50"), "many": mark("more than 50")}
"""Steps back on which an answer depends: key -> words."""
DATA = {"little": mark("up to 2,000"), "medium": mark("2,001 to 10,000"), "much": mark("more than 10,000")}
"""Training examples."""
FUTURE = {"no": mark("no, only what came before"), "yes": mark("yes, all of it")}
"""Whether the whole sequence is there before the answer is wanted."""
TIME = {"little": mark("as little as possible"), "enough": mark("enough")}


@dataclass(frozen=True)
class Case:
    """One target of this run, as a problem like the reader's may be."""

    name: str
    page: str
    sequence: str
    memory: str
    data: str
    future: str
    good: dict[str, float]
    """Families with a model that is best or not significantly worse -> seconds of training an epoch of the quickest of these."""
    worse: list[str]
    """Families all of whose models are significantly worse."""


@dataclass(frozen=True)
class Choice:
    """What the run recommends for one combination of answers."""

    family: str | None
    """None: this run has nothing that may be used."""
    matching: int
    """How many of the four properties of a problem the cases have in common with the answers."""
    supporting: list[int]
    against: list[int]
    """Indices of cases."""
    baseline: list[int]
    """Those of the cases on which no network is significantly better than the best baseline."""


def family(network: Network) -> str:
    """What a model is called here: its cell, whether it reads in both directions, attention."""
    names = {"lstm": "LSTM", "gru": "GRU", "simple_rnn": mark("simple RNN")}
    cells = list(dict.fromkeys(names.get(cell, mark("other gated cell")) for cell in network.cells))
    name = " and ".join(cells)
    if network.bidirectional and not network.encoder_decoder:
        name = f"{BIDIRECTIONAL} {name}"
    return name + ATTENTION if network.attention else name


def spoken(name: str) -> str:
    """A family's name in the language of the page."""
    cells = name.removesuffix(ATTENTION).removeprefix(f"{BIDIRECTIONAL} ").split(" and ")
    words = language.listed(*map(shown, cells))
    if name.startswith(BIDIRECTIONAL):
        words = _("bidirectional {name}", name=words)
    return _("{name} with attention", name=words) if name.endswith(ATTENTION) else words


def case(material: Material) -> Case:
    """A target's properties, and which families do well on it."""
    families: dict[str, list[Network]] = {}
    for network in material.networks:
        families.setdefault(family(network), []).append(network)
    well = {material.best, *material.alike}
    good = {
        name: min(network.seconds_per_epoch for network in networks if network.model in well)
        for name, networks in families.items()
        if any(network.model in well for network in networks)
    }
    if material.outcome != "won":
        good[BASELINE] = 0.0
    best = material.network(material.best)
    return Case(
        name=material.problem,
        page=f"tasks/{material.task}/index.html",
        sequence=material.sequence,
        memory=_bucket(best.memory_length or material.steps, 10, 50, list(MEMORY)),
        data=_bucket(material.examples, 2_000, 10_000, list(DATA)),
        future="yes" if any(network.bidirectional for network in material.networks) else "no",
        good=good,
        worse=[name for name in [*families, BASELINE] if name not in good],
    )


def table(cases: Sequence[Case]) -> dict[str, Choice]:
    """`sequence|memory|data|future|time` -> the choice."""
    sequences = list(dict.fromkeys(case.sequence for case in cases))
    answers = product(sequences, MEMORY, DATA, FUTURE, TIME)
    return {"|".join(answer): choose(cases, answer) for answer in answers}


def choose(cases: Sequence[Case], answer: Sequence[str]) -> Choice:
    """The family that is good on most of the cases most like the answers, less those on which it is worse; the quickest of several.

    With little time, the quickest of all that no case speaks against, if there are such.
    """
    *properties, time = answer
    likeness = [_likeness(case, properties) for case in cases]
    matching = max(likeness)
    near = [index for index, value in enumerate(likeness) if value == matching]
    names = sorted({name for index in near for name in cases[index].good if name != BASELINE})
    if properties[-1] == "no":  # none is like it that sees the past alone: what reads backwards is no answer
        names = [name for name in names if not name.startswith(BIDIRECTIONAL)]
    if not names:
        return Choice(None, matching, [], [], [index for index in near if BASELINE in cases[index].good])
    scores = {
        name: sum(name in cases[index].good for index in near) - sum(name in cases[index].worse for index in near)
        for name in names
    }
    unopposed = [name for name in names if not any(name in cases[index].worse for index in near)]
    candidates = unopposed if time == "little" and unopposed else names
    chosen = min(
        candidates,
        key=lambda name: (
            (_slowness(cases, near, name), -scores[name])
            if time == "little"
            else (-scores[name], _slowness(cases, near, name))
        ),
    )
    return Choice(
        family=chosen,
        matching=matching,
        supporting=[index for index in near if chosen in cases[index].good],
        against=[index for index in near if chosen in cases[index].worse],
        baseline=[index for index in near if BASELINE in cases[index].good],
    )


def content(materials: Sequence[Material]) -> dict[str, Any]:
    """All that the page's form needs."""
    cases = [case(material) for material in materials]
    return {
        "cases": [{"name": one.name, "page": one.page} for one in cases],
        "table": {
            answers: replace(found, family=found.family and spoken(found.family))
            for answers, found in table(cases).items()
        },
        "questions": {
            "sequence": {name: name for name in dict.fromkeys(one.sequence for one in cases)},
            **{
                name: {key: shown(words) for key, words in answers.items()}
                for name, answers in {"memory": MEMORY, "data": DATA, "future": FUTURE, "time": TIME}.items()
            },
        },
    }


def _likeness(one: Case, properties: Sequence[str]) -> int:
    """How many properties agree; whether the future may be seen counts first, since it decides what is allowed."""
    sequence, memory, data, future = properties
    if one.future != future:
        return 0
    return 1 + (one.sequence == sequence) + (one.memory == memory) + (one.data == data)


def _slowness(cases: Sequence[Case], near: Sequence[int], name: str) -> float:
    """Geometric mean, over the cases on which it is good, of its time for an epoch relative to the quickest good family's."""
    ratios = []
    for index in near:
        times = {family: seconds for family, seconds in cases[index].good.items() if seconds > 0}
        if name in times:
            ratios.append(log(times[name] / min(times.values())))
    return round(exp(sum(ratios) / len(ratios)), 3) if ratios else float("inf")


def _bucket(value: float, low: float, high: float, names: Sequence[str]) -> str:
    return names[0] if value <= low else names[1] if value <= high else names[2]
