"""`validate`: check the prepared data against the task's Great Expectations suites."""

from typing import TYPE_CHECKING, Any

from pipelines import artifacts, paths, progress
from pipelines.contract import Suite
from pipelines.errors import ExpectationError

if TYPE_CHECKING:
    from pipelines.task import Task, Validate

EXAMPLES = 5
"""Rows shown of a failed expectation."""


def run(task: "Task", params: Any) -> None:
    """Write `data/validated/<task>.json`, or raise `ExpectationError` with the failed expectations and example rows."""
    stage: Validate = task.stage("validate")
    meta = artifacts.read(paths.prepared(task.name) / "meta.json", stage.Meta)
    suites = stage.expectations(paths.prepared(task.name), meta, params.validation)
    results = [_check(suite) for suite in suites]
    failed = [
        f"{result['table']}: {entry['says']}{entry['examples']}"
        for result in results
        for entry in result["expectations"]
        if not entry["met"]
    ]
    count = sum(len(result["expectations"]) for result in results)
    if failed:
        raise ExpectationError(
            f"{task.name}: {len(failed)} of {count} expectations are not met; nothing is trained on these data. "
            f"Correct data/input/{task.name}, or the limits in {task.name}.validate\n  - " + "\n  - ".join(failed)
        )
    artifacts.write_json(paths.validated(task.name), {"suites": results, "expectations": count})
    progress.say(f"{task.name}: all {count} expectations are met")


def _check(suite: Suite) -> dict[str, Any]:
    """Run one suite on its table, in memory."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    batch = (
        context.data_sources.add_pandas("memory")
        .add_dataframe_asset(suite.name)
        .add_batch_definition_whole_dataframe("all")
        .get_batch({"dataframe": suite.table.reset_index(drop=True)})
    )
    expected = gx.ExpectationSuite(suite.name, expectations=list(suite.expectations))
    outcome = batch.validate(expected, result_format={"result_format": "COMPLETE"})
    return {
        "table": suite.name,
        "rows": len(suite.table),
        "expectations": [_entry(result, suite) for result in outcome.results],
    }


def _entry(result: Any, suite: Suite) -> dict[str, Any]:
    config = result.expectation_config
    options = {
        key: value for key, value in config.kwargs.items() if key not in ("batch_id", "column") and value is not None
    }
    column = config.kwargs.get("column")
    says = config.type.removeprefix("expect_").replace("_", " ")
    detail = ", ".join(f"{key} {value}" for key, value in options.items())
    return {
        "says": config.description or f"{column + ': ' if column else ''}{says}{f' ({detail})' if detail else ''}",
        "met": bool(result.success),
        "checked": result.result.get("element_count"),
        "unexpected": result.result.get("unexpected_count", 0),
        "examples": "" if result.success else _examples(result, suite),
    }


def _examples(result: Any, suite: Suite) -> str:
    """The first rows that fail, or the observed value."""
    rows = result.result.get("unexpected_index_list")
    if not rows:
        error = next((info["exception_message"] for info in _exceptions(result)), None)
        observed = error or result.result.get("observed_value", result.result.get("details"))
        return f"; found: {observed}"
    return "; for example\n" + suite.table.reset_index(drop=True).loc[rows[:EXAMPLES]].to_string(max_cols=8)


def _exceptions(result: Any) -> list[dict[str, Any]]:
    info = result.exception_info or {}
    candidates = [info] if "exception_message" in info else list(info.values())
    return [entry for entry in candidates if isinstance(entry, dict) and entry.get("exception_message")]
