"""Hours of sound a second as log-mel spectrograms, against plain librosa in one process: `python -m benchmarks.spectrograms`.

Plain is what its tutorial shows, file after file: `load` at the wanted rate, `effects.trim`, `feature.melspectrogram`,
`power_to_db`. Ours is what `prepare` does for an utterance of the validation part, in as many processes as there are cores,
written to disk as it comes. The sound is noise in the rhythm of speech, in files of two to four seconds at 22,050 Hz. Both ways take turns;
a process of its own measures the peak memory of ours with 1, 4 and 16 times the files.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
from rich.console import Console
from rich.table import Table

from pipelines import params
from pipelines.sources.parallel import parallel_map
from pipelines.tasks.speech import prepare
from pipelines.tasks.speech.params import Params, Prepare

FILES, TIMES, ROUNDS = 160, (1, 4, 16), 3
RATE = 22_050
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def main() -> None:
    """Measure and print."""
    os.environ |= ONE_THREAD  # for the processes that are started from here on, as a stage has it; plain librosa keeps all threads
    settings = params.block("speech", Params).prepare
    table = Table("files", "hours of sound", "plain, hours/s", "ours, hours/s", "ours of plain", "ours, peak memory")
    with tempfile.TemporaryDirectory() as folder:
        for times in TIMES:
            files = _files(Path(folder) / str(times), FILES * times)
            hours = sum(soundfile.info(file).duration for file in files) / 3600
            rounds = [[_seconds(way, files, settings) for way in (_plain, _ours)] for _ in range(ROUNDS)]
            plain, ours = (statistics.median(column) for column in zip(*rounds, strict=True))
            ratio = statistics.median(one / other for one, other in rounds)
            command = [sys.executable, "-m", "benchmarks.spectrograms", str(files[0].parent)]
            peak = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
            table.add_row(
                f"{len(files):,}",
                f"{hours:.2f}",
                f"{hours / plain:.3f}",
                f"{hours / ours:.3f}",
                f"{ratio:.1f}",
                f"{peak} MB",
            )
    Console().print(table)


def _files(folder: Path, count: int) -> list[Path]:
    random = np.random.default_rng(1)
    folder.mkdir()
    for index in range(count):
        sound = random.standard_normal(random.integers(2 * RATE, 4 * RATE))
        rhythm = np.abs(np.sin(2 * np.pi * 2 * np.arange(len(sound)) / RATE))
        soundfile.write(folder / f"{index:05d}.wav", 0.1 * sound * rhythm, RATE)
    return sorted(folder.glob("*.wav"))


def _seconds(way: Callable[[list[Path], Prepare, Path], None], files: list[Path], settings: Prepare) -> float:
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        way(files, settings, Path(folder) / "spectrograms")
        return time.perf_counter() - begin


def _plain(files: list[Path], settings: Prepare, target: Path) -> None:
    import librosa

    options = {name: getattr(settings, name) for name in ("n_fft", "hop_length", "n_mels", "fmin", "fmax")}
    with target.open("wb") as file:
        for path in files:
            sound, _ = librosa.load(path, sr=settings.rate)
            if settings.trim_db is not None:
                sound, _ = librosa.effects.trim(
                    sound, top_db=settings.trim_db, frame_length=settings.n_fft, hop_length=settings.hop_length
                )
            power = librosa.feature.melspectrogram(y=sound, sr=settings.rate, **options)
            file.write(np.ascontiguousarray(librosa.power_to_db(power, ref=np.max, top_db=settings.top_db).T).data)


def _ours(files: list[Path], settings: Prepare, target: Path) -> None:
    jobs = [prepare.Job(path, "a", path.name, "valid", 0, settings) for path in files]
    with target.open("wb") as file:
        for done in parallel_map(prepare.prepared, jobs, "spectrograms"):
            file.write(np.ascontiguousarray(done.spectrograms[0]).data)


def _peak(folder: Path) -> None:
    """Print the largest resident memory of this process and of the largest of its workers, in MB."""
    settings = params.block("speech", Params).prepare
    _seconds(_ours, sorted(folder.glob("*.wav")), settings)
    peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(" and ".join(f"{peak / 1000:.0f}" for peak in peaks))


if __name__ == "__main__":
    _peak(Path(sys.argv[1])) if len(sys.argv) > 1 else main()
