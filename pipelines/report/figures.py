"""Charts: a Plotly figure with a caption that says what it shows and how to read it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from math import isfinite
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from markupsafe import Markup

# Okabe & Ito 2008: distinguishable by colour-blind readers too.
COLORS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8a8a00", "#555555", "#8b4fc6", "#c2185b")
ACCENT = "#d55e00"
FEW = 10
"""Up to this many integers, each gets a tick."""
HEIGHT = 380


@dataclass(frozen=True)
class Figure:
    """One chart of a page."""

    name: str
    """Unique on its page; the anchor of the chart."""
    title: str
    shows: str
    """What is drawn, of which data."""
    reading: str
    """How to read it, and what to conclude."""
    plot: "go.Figure | Markup"
    """A chart, or HTML from `texts` or `sounds`."""


def empty(x: str, y: str, height: int = HEIGHT) -> "go.Figure":
    """An empty chart with named axes and the common layout."""
    import plotly.graph_objects as go

    plot = go.Figure()
    plot.update_layout(
        template="plotly_white",
        height=height,
        margin={"l": 64, "r": 16, "t": 16, "b": 48},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        font={"family": "system-ui, sans-serif", "size": 13},
        colorway=COLORS,
        hovermode="x unified",
    )
    plot.update_xaxes(title=x)
    plot.update_yaxes(title=y)
    return plot


def lines(named: Mapping[str, tuple[Any, Any]], x: str, y: str) -> "go.Figure":
    """One line for each name: (x values, y values)."""
    plot = empty(x, y)
    for index, (name, (horizontal, vertical)) in enumerate(named.items()):
        add_line(plot, name, horizontal, vertical, color=COLORS[index % len(COLORS)])
    return plot


def add_line(
    plot: "go.Figure",
    name: str,
    x: Any,
    y: Any,
    color: str | None = None,
    dash: str = "solid",
    legend: bool = True,
) -> None:
    """Add a line to `plot`; lines of one name share a legend entry."""
    plot.add_scatter(
        x=plain(x),
        y=plain(y),
        name=name,
        legendgroup=name,
        showlegend=legend,
        mode="lines",
        line={"color": color, "dash": dash, "width": 2},
    )


def integer_ticks(plot: "go.Figure", last: int) -> None:
    """Ticks at integers only, on an axis that counts to `last`."""
    plot.update_xaxes(dtick=1 if last <= FEW else None)


def add_points(plot: "go.Figure", name: str, x: Any, y: Any) -> None:
    """Add single points to `plot`."""
    plot.add_scatter(x=plain(x), y=plain(y), name=name, mode="markers", marker={"color": ACCENT, "size": 5})


def add_menu(plot: "go.Figure", choices: Mapping[str, Sequence[Any]]) -> None:
    """Add a menu that gives the lines of `plot`, in their order, other y values."""
    buttons = [
        {"label": name, "method": "restyle", "args": [{"y": [plain(values) for values in lines]}]}
        for name, lines in choices.items()
    ]
    plot.update_layout(updatemenus=[{"buttons": buttons, "x": 1, "xanchor": "right", "y": 1.02, "yanchor": "bottom"}])


def add_band(plot: "go.Figure", name: str, x: Any, low: Any, high: Any, color: str) -> None:
    """Add a shaded band between `low` and `high`, hidden and shown with the line of the same name."""
    horizontal, bottom, top = plain(x), plain(low), plain(high)
    plot.add_scatter(
        x=horizontal + horizontal[::-1],
        y=top + bottom[::-1],
        fill="toself",
        fillcolor=color,
        opacity=0.15,
        line={"width": 0},
        hoverinfo="skip",
        name=name,
        legendgroup=name,
        showlegend=False,
    )


def times(steps: int, direction: str = "forward") -> list[int]:
    """Steps before the forecast, in the order of reading: a backward layer begins with the newest."""
    times = list(range(1 - steps, 1))
    return times if direction == "forward" else times[::-1]


def plain(values: Any) -> list[Any]:
    """A list for compact JSON: dates as text, floats with five digits."""
    return [_plain(value) for value in (values.tolist() if hasattr(values, "tolist") else values)]


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.5g}") if isfinite(value) else None
    if isinstance(value, datetime):
        return value.isoformat() if value.time() != time.min else value.date().isoformat()
    return value
