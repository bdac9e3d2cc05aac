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

from pipelines.contract import LayerRecord
from pipelines.report import language

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
    return language.localised(text.replace("-", "−") if text[0] == "-" else text)


def format_percent(share: float) -> str:
    """A share as a percentage, with one decimal below 100 %."""
    percent = round(100 * share, 1) + 0.0  # no −0.0
    return language.localised(f"{percent:,.{0 if abs(percent) >= 100 else 1}f} %".replace("-", "−"))


def _signed_percent(share: float) -> str:
    return ("+" if share > 0 else "") + format_percent(share)


def layer_name(layer: LayerRecord) -> str:
    """A layer's name for headings; of one direction of a layer, which if it reads from the end."""
    return name_of(layer.layer, layer.direction)


def name_of(layer: str, direction: str) -> str:
    """The same, of a path and a direction."""
    return layer if direction == "forward" else language._("{layer}, backward", layer=layer)


def part_name(name: str) -> str:
    """What colours a text, stored as `layer: gate` or `layer, backward: gate`."""
    layer, _, gate = name.rpartition(": ")
    base, backward, _ = layer.partition(", backward")
    spoken = language._("{layer}, backward", layer=base) if backward else base
    return f"{spoken}: {language.shown(gate)}" if spoken else language.shown(gate)


def _plain(value: float, format_spec: str) -> str:
    """A number by a format of Python's, in the language of the page."""
    return language.fill("{value:" + format_spec + "}", value=value)


def files_folder(task: str, model: str, target: str) -> str:
    """The folder, from a model's page, of the files of its evaluation: they are there once, below the English pages."""
    folder = f"{model}/{target}"
    return folder if language.active() == language.SOURCE else f"../../../tasks/{task}/{folder}"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], words: int = 1) -> Markup:
    """A table whose first columns hold `words`, the others numbers."""
    return render("table.html", columns=columns, rows=rows, words=words)


def render(template: str, **values: Any) -> Markup:
    """Render a template."""
    return Markup(environment().get_template(template).render(values))


def environment(folder: Path = TEMPLATES) -> Environment:
    """The templates, with autoescaping, in the language that is spoken; an undefined name is an error."""
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_callables(language.gettext, language.ngettext, newstyle=True)  # type: ignore[attr-defined]
    environment.filters |= {
        "number": format_number,
        "percent": format_percent,
        "signed_percent": _signed_percent,
        "plain": _plain,
        "share": language.percent,
        "layer_name": layer_name,
        "shown": language.shown,
        "steps": language.steps,
        "date": language.date,
        "lower": language.lower,
    }
    code = language.active()
    environment.globals["language"] = code
    # Sentences that a stage has stored stay as they are; a page in another language says so.
    environment.globals["stored"] = Markup("") if code == language.SOURCE else Markup(' lang="en"')
    return environment
