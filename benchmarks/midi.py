"""How many MIDI files are read in a second, by pretty_midi and by this project, over 1×, 4× and 16× as many files.

    python -m benchmarks.midi [FOLDER]

Every figure is measured in its own process, pretty_midi and the project in turn, with its peak memory. FOLDER holds MIDI
files; without one those of the sample are read (`dvc repro collect@music`).
"""

import statistics
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from pipelines import paths

TIMES = (1, 4, 16)
REPETITIONS = 3
FILES = 100
"""Files of the folder that are read once, 4 and 16 times."""


def read(how: str, folder: str, times: int) -> None:
    """Read and print files a second and peak megabytes; runs in a process of its own."""
    import resource
    import time

    from pipelines.tasks.music import midi

    files = sorted(Path(folder).rglob("*.mid"))[:FILES] * times
    reader = {"pretty_midi": midi.read_with_pretty_midi, "gatehouse": midi.read}[how]
    reader(files[0])  # imports
    began = time.perf_counter()
    notes = sum(len(reader(path).notes) for path in files)
    seconds = time.perf_counter() - began
    print(len(files) / seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3, notes)


def measure(how: str, folder: Path, times: int) -> tuple[float, float, int]:
    """Files a second, peak memory in MB, notes."""
    code = f"from benchmarks.midi import read; read({how!r}, {str(folder)!r}, {times})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    rate, peak, notes = done.stdout.split()
    return float(rate), float(peak), int(notes)


def main() -> None:
    """Measure and print."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else paths.raw("music")
    table = Table("files", "pretty_midi", "gatehouse", "times as fast", "peak memory")
    for times in TIMES:
        pairs = [[measure(how, folder, times) for how in ("pretty_midi", "gatehouse")] for _ in range(REPETITIONS)]
        assert len({notes for pair in pairs for _, _, notes in pair}) == 1, "the two did not read the same notes"
        slow, fast = (statistics.median(pair[side][0] for pair in pairs) for side in (0, 1))
        peaks = [max(pair[side][1] for pair in pairs) for side in (0, 1)]
        count = min(FILES, len(list(folder.rglob("*.mid")))) * times
        table.add_row(
            f"{count}",
            f"{slow:.0f} a second",
            f"{fast:.0f} a second",
            f"{fast / slow:.0f}",
            f"{peaks[0]:.0f}, {peaks[1]:.0f} MB",
        )
    console = Console()
    console.print(table)
    console.print(f"median of {REPETITIONS}; equal notes; one process, one core")


if __name__ == "__main__":
    main()
