"""Figures of text: a text coloured by a network's gates or memory, passages, tables."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup
from numpy.typing import NDArray

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Layer:
    """What colours a text: of each of its rows one value a token."""

    values: NDArray[Any]
    """(rows, tokens): from 0 to 1, or from −1 to 1 where some are below zero (larger ones are cut off)."""
    rows: Sequence[str]
    """Names of the rows."""

    @property
    def signed(self) -> bool:
        """Whether some values are below zero."""
        return bool((self.values < 0).any())


def coloured(named: Mapping[str, tuple[Sequence[str], Mapping[str, Layer]]], row_name: str, chosen: int = 0) -> Markup:
    """Texts, of which one is coloured by one row of a layer; the reader chooses all three.

    `named` has the tokens of each text and its layers, of the same names for all; `row_name` says what a row is, `chosen` is the row
    that is shown first.
    """
    contents = []
    for tokens, layers in named.values():
        parts = []
        for name, layer in layers.items():
            scaled = (np.clip(layer.values, -1, 1) + 1) / 2 if layer.signed else np.clip(layer.values, 0, 1)
            bytes_ = np.round(scaled.astype(np.float64) * 255).astype(np.uint8).tobytes()
            values = base64.b64encode(bytes_).decode()
            parts.append({"name": name, "signed": layer.signed, "rows": list(layer.rows), "values": values})
        contents.append({"tokens": list(tokens), "layers": parts})
    first = next(iter(named.values()))[1]
    return render(
        "coloured.html",
        content=script_json(contents),
        texts=list(named),
        layers=list(first),
        row_name=row_name,
        chosen=chosen,
    )


def script_json(value: Any) -> Markup:
    """JSON that is safe inside a script element: `<!--<script>` in a text would keep `</script>` from ending it."""
    return htmlsafe_json_dumps(value, separators=(",", ":"))


def passages(named: Mapping[str, str]) -> Markup:
    """Texts with a heading each."""
    return render("passages.html", passages=named)


def format_number(value: float | None, digits: int = 4) -> str:
    """A number for a table: integers with grouped thousands, others with `digits` significant digits; a dash for None."""
    if value is None:
        return "–"
    text = f"{value:,}" if isinstance(value, int) else f"{value:.{digits}g}"
    return text.replace("-", "−") if text[0] == "-" else text


def format_percent(share: float) -> str:
    """A share as a percentage, with one decimal below 100 %."""
    percent = round(100 * share, 1) + 0.0  # no −0.0
    return f"{percent:,.{0 if abs(percent) >= 100 else 1}f} %".replace("-", "−")


def _signed_percent(share: float) -> str:
    return ("+" if share > 0 else "") + format_percent(share)


def files_folder(model: str, target: str) -> str:
    """The folder, from a model's page, of the files of its evaluation."""
    return f"{model}/{target}"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], words: int = 1) -> Markup:
    """A table whose first columns hold `words`, the others numbers."""
    return render("table.html", columns=columns, rows=rows, words=words)


def render(template: str, **values: Any) -> Markup:
    """Render a template."""
    return Markup(environment().get_template(template).render(values))


def environment() -> Environment:
    """The templates, with autoescaping; an undefined name is an error."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": format_number, "percent": format_percent, "signed_percent": _signed_percent}
    return environment
