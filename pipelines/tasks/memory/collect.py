"""Where the problems come from: two are drawn from a seed, the digits are scikit-learn's."""

from collections.abc import Sequence
from pathlib import Path

from pipelines import artifacts
from pipelines.contract import Source
from pipelines.errors import InputError
from pipelines.tasks.memory.params import MemoryCollect
from pipelines.tasks.memory.problems import ADDING, COPY, DIGITS

SAMPLES = {
    ADDING: {
        "origin": "the adding problem (Hochreiter & Schmidhuber 1997): drawn from a seed when it is read",
        "licence": "none needed",
    },
    COPY: {
        "origin": "the copy problem (Hochreiter & Schmidhuber 1997; Arjovsky et al. 2016): drawn from a seed when it is read",
        "licence": "none needed",
    },
    DIGITS: {
        "origin": "1,797 handwritten digits of 8 by 8 pixels, the test part of Alpaydin & Kaynak 1998; sklearn.datasets.load_digits",
        "licence": "CC BY 4.0 (UCI Machine Learning Repository)",
    },
}


def collect(params: MemoryCollect, dropped: Sequence[Path], destination: Path) -> Source:
    """Write the digits; there is nothing to write of the other problems. Raise `InputError` for files of the user's."""
    if dropped:
        raise InputError(
            f"{dropped[0]}: the task memory draws its own problems and reads no files; remove it from {dropped[0].parent}"
        )
    if DIGITS in params.samples:
        from sklearn.datasets import load_digits

        digits = load_digits()
        artifacts.write_arrays(destination / "digits.npz", {"pixels": digits.data, "labels": digits.target})
    return Source(True, {name: SAMPLES[name] for name in params.samples})
