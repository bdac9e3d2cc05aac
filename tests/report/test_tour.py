"""The guided tour: what it chooses of a run, what it says, and that its commands are possible."""

from dataclasses import replace
from pathlib import Path

import pytest
from dvc.utils.hydra import apply_overrides

from pipelines import registry
from pipelines.params import values
from pipelines.report.tour import self_test, steps
from pipelines.report.tour.material import Chart, Material, Network, Saturation, architecture

CHART = Chart("chart", "Chart", "What it shows.", "What follows from it.", {"data": [], "layout": {"height": 300}})


def network(model: str, cell: str, **changes: object) -> Network:
    plain = Network(
        model=model,
        cells=[cell],
        units=[32],
        bidirectional=False,
        attention=False,
        encoder_decoder=False,
        budget=False,
        parameters=1000,
        seconds_per_epoch=2.0,
        mean=1.0,
        std=0.1,
        memory_length=10.0,
        saturation=[],
        clipped=0.0,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def material(task: str, *networks: Network, **changes: object) -> Material:
    lstm = next((one.model for one in networks if one.is_plain("lstm")), None)
    drawn = CHART if lstm else None
    plain = Material(
        task=task,
        title=task.title(),
        target="only",
        only_target=True,
        sequence="measurements",
        step="week",
        steps=50,
        examples=1000,
        metric="error",
        lower_is_better=True,
        baseline="naive",
        baseline_value=1.0,
        outcome="won",
        best=networks[0].model,
        alike=[],
        recommended=networks[0].model,
        networks=list(networks),
        lstm=lstm,
        gates=drawn,
        memory=drawn,
        training=CHART,
        dependency=CHART,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def forget(share: float) -> list[Saturation]:
    return [Saturation("lstm", "forget gate", 0.01, share), Saturation("lstm", "input gate", 0.2, 0.0)]


def step(title: str, *materials: Material) -> steps.Step | None:
    return next((step for step in steps.of_run(materials) if step.title.startswith(title)), None)


def test_a_gate_is_shown_where_gates_are_most_often_saturated() -> None:
    half_open = material("language", network("lstm", "lstm", saturation=forget(0.1)))
    open_ = material("timeseries", network("lstm", "lstm", saturation=forget(0.8)))
    shown = step("What a gate does", half_open, open_)
    assert shown is not None
    assert "timeseries" in shown.paragraphs[1]
    assert "80.0%" in shown.paragraphs[1]


def test_steps_that_a_run_cannot_show_are_left_out() -> None:
    titles = [step.title for step in steps.of_run([material("language", network("gru", "gru"))])]
    assert titles == ["How to choose"]


def test_gradients_are_shown_where_the_gated_network_looks_furthest_beyond_the_simple_one() -> None:
    near = material("language", network("rnn", "simple_rnn"), network("lstm", "lstm", memory_length=12.0))
    far = material("music", network("rnn", "simple_rnn", memory_length=4.0), network("gru", "gru", memory_length=40.0))
    shown = step("Vanishing", near, far)
    assert shown is not None
    assert "rnn lies within the last 4 weeks, that of gru within 40" in shown.paragraphs[1]


def test_attention_is_compared_with_the_same_network_without_it() -> None:
    plain = network("no_attention", "lstm", bidirectional=True, mean=3.0)
    other = network("gru_attention", "gru", bidirectional=True, attention=True, mean=0.5)
    attention = network("attention", "lstm", bidirectional=True, attention=True, mean=2.0, parameters=1500)
    shown = step("What bidirectional", material("translation", plain, other, attention))
    assert shown is not None
    assert (
        "no_attention has error 3 ± 0.1 and attention, with attention, 2 ± 0.1, a mean that is lower by 1"
        in shown.paragraphs[1]
    )
    assert "1.5 times the parameters" in shown.paragraphs[1]


def test_reading_in_both_directions_is_compared_with_the_same_layers_in_one() -> None:
    one, both = network("lstm", "lstm", mean=0.8), network("bilstm", "lstm", bidirectional=True, mean=0.9)
    deeper = network("stacked", "lstm", units=[32, 16], cells=["lstm", "lstm"], mean=0.1)
    shown = step("What bidirectional", material("topics", deeper, one, both, lower_is_better=False))
    assert shown is not None
    assert "a mean that is higher by 0.1" in shown.paragraphs[1]


def test_the_last_step_names_the_problems_that_need_no_network() -> None:
    won, lost = material("music", network("lstm", "lstm")), material("finance", network("lstm", "lstm"), outcome="even")
    shown = step("How to choose", won, lost)
    assert shown is not None
    assert (
        "On 1 of 2 problems no network is significantly better than the best baseline: finance." in shown.paragraphs[1]
    )


@pytest.mark.parametrize("task", registry.TASKS, ids=lambda task: task.name)
def test_every_command_is_a_change_that_the_parameters_allow(task: object, in_folder: Path) -> None:
    name = task.name  # type: ignore[attr-defined]
    params = registry.find(name).params()
    networks = [
        network(model, "", saturation=forget(0.5), **architecture(block)) for model, block in params.models.items()
    ]
    original = (in_folder / "params.yaml").read_text()
    for one in steps.of_run([material(name, *networks)]):
        if one.command.startswith("gatehouse sweep "):
            assert one.command == f"gatehouse sweep {name}"
        else:
            override = one.command.removeprefix("dvc exp run -S ").strip("'")
            (in_folder / "params.yaml").write_text(original)
            apply_overrides(in_folder / "params.yaml", [override])
            values.cache_clear()
            registry.find(name).params()


def test_answers_are_numbers_of_the_run() -> None:
    lstm = network("lstm", "lstm", parameters=4000, saturation=forget(0.55), mean=1.0, std=0.3, clipped=0.9)
    gru = network("gru", "gru", parameters=3000, mean=1.1, std=0.2)
    rnn = network("rnn", "simple_rnn", memory_length=3.0, mean=2.0)
    answers = " ".join(
        question.answer
        for question in self_test.of_run([material("language", lstm, gru, rnn, outcome="lost", alike=["gru"])])
    )
    assert "0.75 for each" in answers
    assert "55.0%" in answers
    assert "within 3 weeks for rnn" in answers
    assert "On 1 of 1" in answers
    assert "in 90% of its epochs" in answers
    assert "the difference of 0.1 is smaller than what another seed changes (0.3)" in answers


def test_a_question_whose_answer_the_run_does_not_have_is_left_out() -> None:
    questions = self_test.of_run([material("language", network("gru", "gru"))])
    assert [question.page for question in questions] == ["index.html"]


def test_input_for_the_tour_survives_the_file(tmp_path: Path) -> None:
    from pipelines import artifacts
    from pipelines.report.tour.material import Tour

    written = Tour([material("language", network("lstm", "lstm", saturation=forget(0.5)))])
    artifacts.write_json(tmp_path / "tour.json", written)
    assert artifacts.read(tmp_path / "tour.json", Tour) == written
