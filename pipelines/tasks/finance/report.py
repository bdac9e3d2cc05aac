"""Charts of this task: what a forecast would have earned, and how certain its direction is."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from pipelines import artifacts
from pipelines.contract import Indices
from pipelines.nn.datasets import WINDOW
from pipelines.report import figures as charts
from pipelines.report.figures import Figure
from pipelines.report.language import _, fill, mark, shown
from pipelines.report.tracks import Track, of_series
from pipelines.results import Results
from pipelines.tasks.finance.data import Meta, Prices, datasets
from pipelines.tasks.finance.score import Returns, Volatility

TITLE = mark("Financial forecasting")
SEQUENCE = mark("measurements over time")
QUESTION = mark("Can a recurrent network forecast index returns or volatility several days ahead?")


def figures(results: Results, target: str, model: str | None) -> list[Figure]:
    """For a model forecasts against truth and the backtest; for the task baselines and direction."""
    if target == "volatility":
        return [_volatility(results, model)]
    if model is None:
        return [_error_by_step(results), _direction_figure(results)]
    return [_prices(results, model), _wealth(results, model)]


def _symbol_rows(results: Results, target: str, origins: Any) -> tuple[str, pd.DataFrame, Any]:
    """The first symbol, its table, and which of the windows are its own."""
    table = artifacts.read_table(results.prepared / "table.parquet")
    symbol = next(iter(_meta(results, target).symbols))
    return symbol, table, table["symbol"].to_numpy()[origins] == symbol


def _meta(results: Results, target: str) -> Prices:
    return results.meta_as(Meta).targets[target]


def _volatility(results: Results, model: str | None) -> Figure:
    name = model or results.decisions["volatility"]["best"]
    record = results.record(name, "volatility", Volatility)
    symbol, table, own = _symbol_rows(results, "volatility", record.origins)
    dates = table["date"].iloc[record.origins[own]]
    plot = charts.lines(
        {_("realised"): (dates, record.truth[own]), name: (dates, record.forecasts[own])},
        x="",
        y=_("volatility, % a year"),
    )
    garch = results.baseline_records("volatility", Volatility).get("GARCH(1,1)")
    if garch:
        charts.add_line(plot, "GARCH(1,1)", dates, garch.forecasts[own], color="#555555", dash="dot")
    return Figure(
        "volatility",
        _("Volatility of {symbol} over the next five days, forecast and realised", symbol=symbol),
        _(
            "At the close of every test day, {name}'s forecast of the next days' volatility and what came{garch}.",
            name=name,
            garch=_("; GARCH(1,1) beside it") if garch else "",
        ),
        _(
            "Realised volatility over five days is itself a rough measure, so a good forecast runs through its middle. Look "
            "at the calm after a storm: who comes down too slowly, who forgets too fast?"
        ),
        plot,
    )


def _prices(results: Results, model: str) -> Figure:
    record = results.record(model, "returns", Returns)
    symbol, table, own = _symbol_rows(results, "returns", record.origins)
    origins, forecasts = record.origins[own], record.forecasts[own]
    horizon = forecasts.shape[1]
    close, dates = table["close"].to_numpy(), table["date"]
    starts = origins[::horizon][-60:]
    pieces = forecasts[::horizon][-60:]
    span = slice(int(starts[0]), int(starts[-1]) + horizon + 1)
    plot = charts.lines({_("truth"): (dates[span], close[span])}, x="", y=_("price"))
    for index, (origin, piece) in enumerate(zip(starts.tolist(), pieces, strict=True)):
        steps = slice(origin, origin + horizon + 1)
        path = close[origin] * np.exp(np.concatenate([[0.0], piece.cumsum()]))
        charts.add_line(plot, _("forecast"), dates[steps], path, color=charts.ACCENT, legend=index == 0)
    error = results.metrics(model)["test"]["returns"]["price_mape"]["mean"]
    walk = results.comparison["baselines"]["returns"]["random walk"]["price_mape"]
    return Figure(
        "prices",
        _("Forecast returns of {symbol}, drawn as prices", symbol=symbol),
        _(
            "The last part of the test days; every {horizon} days a forecast of the next {horizon}. Mean price error at the "
            "end of the horizon: {error:.2f} %, of the random walk, which forecasts no change: {walk:.2f} %.",
            horizon=horizon,
            error=error,
            walk=walk,
        ),
        _(
            "The red pieces stay near the curve because each starts on it, not because the network knows the future: compare "
            "the two errors. Nearly flat pieces mean that the network has learned to say «no change»."
        ),
        plot,
    )


def _wealth(results: Results, model: str) -> Figure:
    record = results.record(model, "returns", Returns)
    lines = {}
    for symbol, backtest in record.backtests.items():
        lines[f"{symbol}, {model}"] = (backtest.days, backtest.wealth)
        lines[_("{symbol}, held", symbol=symbol)] = (backtest.days, backtest.held)
    plot = charts.lines(lines, x="", y=_("wealth, start = 1"))
    return Figure(
        "backtest",
        _("Long or flat: a plain backtest after costs"),
        _(
            "In the index on days whose forecast is a rise, in cash on the others, after the cost of each trade; beside it, "
            "buying once and holding."
        ),
        _(
            "A curve that equals «held» means that the network always says «up». One below it lost by trading. These are "
            "four years of one market: a curve above is not proof of skill; look at the p-values of the direction."
        ),
        plot,
    )


def _direction_figure(results: Results) -> Figure:
    predictors = {name: results.record(name, "returns", Returns).directions for name in results.models}
    predictors |= {
        name: record.directions
        for name, record in results.baseline_records("returns", Returns).items()
        if record.directions
    }
    symbols = list(_meta(results, "returns").symbols)
    plot = charts.empty(x=_("share of days with the right sign, one day ahead"), y="", height=320)
    for symbol in symbols:
        of_symbol = [directions[symbol] for directions in predictors.values()]
        accuracy, low, high = (
            np.array([getattr(direction, key) for direction in of_symbol]) for key in ("accuracy", "low", "high")
        )
        plot.add_scatter(
            x=charts.plain(accuracy),
            y=[shown(name) for name in predictors],
            name=symbol,
            mode="markers",
            marker={"size": 9},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": charts.plain(high - accuracy),
                "arrayminus": charts.plain(accuracy - low),
            },
            hovertemplate="%{x:.1%}",
        )
    up_days = float(np.mean([direction.up_days for direction in next(iter(predictors.values())).values()]))
    plot.add_vline(x=0.5, line={"color": "#999999", "dash": "dot"})
    plot.add_vline(x=up_days, line={"color": charts.ACCENT, "dash": "dot"})
    plot.update_layout(hovermode="closest")
    plot.update_xaxes(tickformat=".0%")
    plot.update_yaxes(automargin=True)
    tests = "; ".join(
        f"{shown(name)} "
        + ", ".join(
            fill("{coin:.2g} / {up:.2g} ({symbol})", coin=direction.p_coin, up=direction.p_up_days, symbol=symbol)
            for symbol, direction in directions.items()
        )
        for name, directions in predictors.items()
    )
    return Figure(
        "direction",
        _("Direction of the next day, with 95 % intervals"),
        _(
            "Wilson intervals over the test days (explained seed). Grey: a coin. Red: always saying «up», right on "
            "{up_days:.1%} of days. One-sided binomial p-values, against a coin / against always «up»: {tests}.",
            up_days=up_days,
            tests=tests,
        ),
        _(
            "An interval that reaches over the red line has shown no skill: the index rises on most days, and saying so "
            "needs no network. With this many p-values, one below 0.05 is to be expected."
        ),
        plot,
    )


def _error_by_step(results: Results) -> Figure:
    steps = list(range(1, _meta(results, "returns").horizon + 1))
    lines: dict[str, Any] = {
        name: (steps, results.record(name, "returns", Returns).rmse_by_step) for name in results.models
    }
    plot = charts.lines(lines, x=_("days ahead"), y=_("RMSE of daily log returns"))
    for name, record in results.baseline_records("returns", Returns).items():
        charts.add_line(plot, shown(name), steps, record.rmse_by_step, dash="dot")
    return Figure(
        "steps",
        _("Error of returns by day of the horizon"),
        _("Root mean squared error of daily log returns, all symbols; models solid, baselines dotted."),
        _(
            "Look at the scale: where all lines lie within a hundredth of each other, nobody forecasts returns, and the most "
            "honest model is the simplest."
        ),
        plot,
    )


def tracks(results: Results, target: str, sequences: Sequence[Indices]) -> list[Track]:
    """The network's inputs, in units of the training part."""
    meta = results.meta_as(Meta)
    windows = datasets(results.prepared, meta, target)["test"].batch(np.concatenate(sequences)).inputs[WINDOW]
    return [of_series(list(windows.astype(np.float64)), meta.targets[target].features, meta.targets[target].step)]
