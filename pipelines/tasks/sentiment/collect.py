"""Where the sentences come from: movie reviews rated by people, or the user's own tables."""

from collections.abc import Sequence
from pathlib import Path

from pipelines.contract import Source
from pipelines.sources import archives
from pipelines.tasks.sentiment.params import SentimentCollect
from pipelines.text_classification.collect import Row, Sample, write

ARCHIVE = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
SHA256 = "d5bb07d87474b3eb8d30b4deccbc23f19d742a6c5718fbacc65485b70b95c5fa"
RATINGS = "hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt"
"""In that archive; in each line a number, the mean rating and the sentence."""
SAMPLES = ("movies",)
ORIGIN = (
    "sentences of movie reviews (Pang & Lee 2005) and the sign of their mean rating by some 15 people (Hutto & Gilbert 2014); in the "
    "source archive of vaderSentiment 3.3.2"
)


def collect(params: SentimentCollect, dropped: Sequence[Path], destination: Path) -> Source:
    """Write the table of sentences with their labels; the sample's are made from its ratings."""
    return write(params, dropped, destination, lambda name: _movies(params))


def _movies(params: SentimentCollect) -> Sample:
    archive = archives.member("vaderSentiment", "3.3.2", ARCHIVE, SHA256, source=True)
    lines = archives.unpacked(archive, RATINGS).decode().replace("\r\n", "\n").removesuffix("\n").split("\n")
    labelled = [
        (sentence, label_of(float(rating), params)) for _, rating, sentence in (line.split("\t") for line in lines)
    ]
    rows = [Row(sentence, label) for sentence, label in labelled if label]
    origin = f"{len(rows):,} {ORIGIN}"
    if left_out := len(labelled) - len(rows):
        distance = f" within {params.neutral_up_to:g} of" if params.neutral_up_to else ""
        origin += f"; {left_out:,} more, whose mean rating is{distance} zero, are left out"
    return Sample(rows, {"origin": origin, "licence": "MIT"})


def label_of(rating: float, params: SentimentCollect) -> str | None:
    """`positive`, `negative`, or what a rating near zero is: `neutral`, or nothing."""
    if abs(rating) <= params.neutral_up_to:
        return "neutral" if params.neutral == "own class" else None
    return "positive" if rating > 0 else "negative"
