"""Time saved by running stages in parallel with Prefect, and its cost when there is nothing to do: `python -m benchmarks.graph`.

Two clones of the last commit, both without any output: one runs the graph with `dvc repro`, a stage at a time, the other with
`python -m flows run`. Both must produce the same metrics. Then both run again, with nothing to do. Takes as long as both
runs together; leave the machine idle otherwise. `--seeds 1` trains every model once, in a third of the time.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table
from ruamel.yaml import YAML

ROOT = Path(__file__).parent.parent
REPEATS = 5
SERIAL = ("dvc", "repro")
SIDE_BY_SIDE = ("python", "-m", "flows", "run")


def seconds(folder: Path, *command: str) -> tuple[float, float]:
    """Wall seconds and processor seconds of `command` in `folder`, with a separate Prefect home."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PREFECT_HOME": str(folder / ".prefect"), "DVC_NO_ANALYTICS": "1"}
    for name in ("PREFECT_API_URL", "PYTHONPATH"):
        environment.pop(name, None)
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def metrics(folder: Path) -> dict[str, object]:
    """Every metrics file without its costs, which differ between runs."""
    by_file = {}
    for path in sorted((folder / "metrics").rglob("*.json")):
        values = json.loads(path.read_text())
        values.pop("cost", None)
        by_file[path.relative_to(folder).as_posix()] = values
    return by_file


def clone(folder: Path, seeds: int | None) -> None:
    """The last commit in `folder`; its models train with the first `seeds` seeds, or with all."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    if not seeds:
        return
    yaml, path = YAML(), folder / "params.yaml"
    values = yaml.load(path)
    for block in values.values():
        del block["train"]["seeds"][seeds:]
    yaml.dump(values, path)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.graph")
    parser.add_argument(
        "folder", nargs="?", type=Path, help="folder for the clones, which are kept; default: a temporary one"
    )
    parser.add_argument("--seeds", type=int, help="number of seeds of every model; default: all of params.yaml")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folders = [Path(options.folder or temporary, name) for name in ("serial", "side-by-side")]
        for folder in folders:
            clone(folder, options.seeds)
        serial, side_by_side = folders
        full = []
        for folder, command in ((serial, SERIAL), (side_by_side, SIDE_BY_SIDE)):
            full.append(seconds(folder, *command))
            print(f"{' '.join(command)}: {full[-1][0]:.0f} s, {full[-1][1]:.0f} s of processors", flush=True)
        assert metrics(serial) == metrics(side_by_side), "the two runs produced different metrics"
        idle = [[seconds(serial, "dvc", "status")[0], seconds(side_by_side, *SIDE_BY_SIDE)[0]] for _ in range(REPEATS)]
    table = Table("", "dvc", "python -m flows run", "")
    for name, one, two in zip(("all stages", "their processor time"), *full, strict=True):
        table.add_row(name, f"{one:.0f} s", f"{two:.0f} s", f"{two / one:.2f} of it")
    status, nothing = (statistics.median(pair[column] for pair in idle) for column in (0, 1))
    table.add_row("nothing to do", f"{status:.1f} s", f"{nothing:.1f} s", f"{nothing - status:.1f} s more")
    console = Console()
    console.print(table)
    console.print(
        f"{os.cpu_count()} cores; nothing to do: median of {REPEATS}, dvc status against a run; equal metrics"
    )


if __name__ == "__main__":
    main()
