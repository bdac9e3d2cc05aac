"""From the code to the catalogues: `python -m pipelines.report.extraction` (`make translations`) takes new texts in and gone ones out."""

import ast
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import write_po

from pipelines.report import language

ROOT = Path(__file__).parents[2]
MAPPING = ROOT / "babel.cfg"
KEYWORDS: dict[str, Any] = {
    "_": None, "gettext": None, "mark": None, "plural": (1, 2), "ngettext": (1, 2), "Metric": (2,),
}  # fmt: skip
"""Function -> which of its arguments are texts; None: the first."""


def extracted() -> Catalog:
    """Every text of the code, with the files where it stands."""
    with MAPPING.open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    found = Catalog(domain=language.DOMAIN)
    texts = extract_from_dir(ROOT, methods, options, keywords=KEYWORDS)
    for file_name, _line, message, comments, context in sorted(texts, key=lambda text: (text[0], text[1])):
        found.add(message, None, [(file_name, None)], auto_comments=comments, context=context)  # type: ignore[list-item]
    return found


def sentences(
    file: BinaryIO, keywords: Collection[str], comment_tags: Collection[str], options: object
) -> Iterator[tuple[int, None, str, list[str]]]:
    """Babel's extractor for modules whose sentences are stored: every string of several words except docstrings and what errors say."""
    waiting: list[ast.AST] = [ast.parse(file.read())]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, None, node.value, []
        if not isinstance(node, ast.Raise):
            waiting += [
                child
                for child in ast.iter_child_nodes(node)
                if not (isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant))
            ]


def update(code: str) -> str:
    """Bring the catalogue of a language up to date; returns what is left to do."""
    catalogue = language.catalogue(code)
    catalogue.update(extracted(), update_header_comment=False, update_creation_date=False)
    with language.path(code).open("wb") as file:
        write_po(file, catalogue, width=0, ignore_obsolete=True, sort_by_file=True, include_lineno=False)
    missing = sum(bool(message.id) and not language.has_text(message) for message in catalogue)
    fuzzy = sum(message.fuzzy for message in catalogue if message.id)
    return f"{language.path(code)}: {missing} texts have no translation, {fuzzy} are guessed (fuzzy)"


if __name__ == "__main__":
    for code in language.LANGUAGES:
        if code != language.SOURCE:
            print(update(code))
