"""Where the pairs come from: messages of published packages in English and Turkish, or the user's own pairs."""

from collections.abc import Sequence
from pathlib import Path

from pipelines.contract import Source
from pipelines.params.blocks import Collect
from pipelines.sources import archives, pairs
from pipelines.tasks.translation.catalogues import PACKAGES

SAMPLES = tuple(PACKAGES)


def collect(params: Collect, dropped: Sequence[Path], destination: Path) -> Source:
    """Write all pairs to one file, each source once, with its most frequent target."""
    if dropped:
        return pairs.collect(dropped, params.max_unreadable, destination)
    readings, parts = {}, {}
    for name in params.samples:
        package = PACKAGES[name]
        contents = archives.members(package.name, package.version, package.catalogues)
        readings[name] = pairs.joined(pairs.catalogue(content, Path(path)) for path, content in contents.items())
        catalogues = f"{len(contents)} compiled catalogue{'s' if len(contents) > 1 else ''}"
        origin = f"{len(readings[name].pairs):,} messages out of {catalogues} in the wheel of {package.name} {package.version}"
        parts[name] = {"origin": origin, "licence": package.licence}
    sentences, notes = pairs.written(readings, destination)
    return Source(True, parts, sentences, notes)
