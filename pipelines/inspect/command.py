"""`inspect MODEL.keras INPUTS.npy`: checks what can be checked before TensorFlow is imported, then loads, traces, explains, writes."""

import argparse
from pathlib import Path

from pipelines import artifacts, progress
from pipelines.errors import OutputError, UsageError
from pipelines.inspect import archive, files, names
from pipelines.report import language

RECORD = "inspection.json"
"""The file by which an earlier inspection is recognised."""


def run(options: argparse.Namespace) -> None:
    """Write the page; raise `UserError` for what the user can put right."""
    model, inputs = Path(options.model), Path(options.inputs)
    code = Path(options.code) if options.code else None
    out = Path(options.out or f"{model.stem}-inspection")
    if options.language not in language.LANGUAGES:
        raise UsageError(f"there is no language {options.language!r}; --language is {' or '.join(language.LANGUAGES)}")
    _check_out(out, [model, inputs, *([code] if code else []), *([Path(options.names)] if options.names else [])])
    described, stored = archive.read(model), files.stored(inputs)
    lines = names.read(options.names) if options.names else []

    from pipelines.nn import hardware

    hardware.set_up()
    from pipelines.inspect import facts, inspection, loading, page
    from pipelines.inspect.inputs import Named, read

    with language.speaking(options.language):
        network, changes = loading.load(model, described, code)
        chosen = read(inputs, network, inspection.units(network))
        progress.say(f"{model.name}: tracing {len(chosen)} sequences")
        found = inspection.inspected(
            Named(network), chosen, list(getattr(network, "output_names", None) or []), options.names, lines
        )
        with artifacts.replacing_folder(out) as folder:
            page.write(folder, found, facts.of(model, inputs, described, stored, network, found, changes))
    for part, reason in found.explanation.failures.items():
        progress.say(f"{model.name}: {part} cannot be shown: {reason}")
    progress.say(f"{model.name}: the page is {out / 'index.html'}")


def _check_out(out: Path, read: list[Path]) -> None:
    """Raise `UserError` unless `out` is new, empty or an earlier inspection, and holds nothing that is read."""
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise OutputError(f"{out}: exists and is not a folder; name another by --out")
    if out.is_dir() and any(out.iterdir()) and not (out / RECORD).is_file():
        raise OutputError(
            f"{out}: holds files that are not those of an earlier inspection; name another folder by --out"
        )
    if inside := next((file for file in read if out.resolve() in file.resolve().parents and out.exists()), None):
        raise UsageError(f"{inside}: lies in {out}, which the page would replace; name another folder by --out")
