"""Figures of text: a text coloured by a network's gates or memory, passages, tables."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup
from numpy.typing import NDArray

TEMPLATES = Path(__file__).parent / "templates"


def coloured(
    tokens: Sequence[str],
    layers: Mapping[str, NDArray[Any]],
    rows: Mapping[str, Sequence[str]],
    row_name: str,
    chosen: int = 0,
) -> Markup:
    """A text coloured by one row of a layer; the reader chooses both.

    Each of `layers` is (rows, tokens): values from 0 to 1, or from −1 to 1 where some are below zero (larger ones are cut off).
    `rows` names the rows of each layer, `row_name` says what a row is.
    """
    parts = []
    for name, values in layers.items():
        signed = bool((values < 0).any())
        scaled = (np.clip(values, -1, 1) + 1) / 2 if signed else np.clip(values, 0, 1)
        bytes_ = np.round(scaled.astype(np.float64) * 255).astype(np.uint8).tobytes()
        parts.append(
            {"name": name, "signed": signed, "rows": list(rows[name]), "values": base64.b64encode(bytes_).decode()}
        )
    content = script_json({"tokens": list(tokens), "layers": parts})
    return render("coloured.html", content=content, layers=parts, row_name=row_name, chosen=chosen)


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


def files_folder(model: str, target: str) -> str:
    """The folder, from a model's page, of the files of its evaluation."""
    return f"{model}/{target}"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    """A table whose first column names the row."""
    return render("table.html", columns=columns, rows=rows)


def render(template: str, **values: Any) -> Markup:
    """Render a template."""
    return Markup(environment().get_template(template).render(values))


def environment() -> Environment:
    """The templates, with autoescaping; an undefined name is an error."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
