"""What a stage of the toy graph does: says that it ran, when and where, takes its time, and leaves its outputs.

    python toy.py STAGE OUTPUT [METRICS]

`seconds/STAGE` makes it slow, `broken/STAGE` makes it fail; what it read is what it writes.
"""

import json
import os
import sys
import time
import uuid
from pathlib import Path


def note(stage: str, event: str) -> None:
    """One line in the diary that all workspaces of a test share; a line is written at once or not at all."""
    line = {"stage": stage, "event": event, "at": time.time(), "pid": os.getpid(), "folder": Path.cwd().as_posix()}
    line |= {"devices": os.environ.get("CUDA_VISIBLE_DEVICES"), "threads": os.environ.get("TF_NUM_INTEROP_THREADS")}
    with Path(os.environ["TOY_DIARY"]).open("a") as diary:
        diary.write(json.dumps(line) + "\n")


def main(stage: str, output: str, metrics: str | None = None) -> int:
    note(stage, "began")
    print(f"{stage} at work")
    slow = Path("seconds", stage)
    until = time.monotonic() + (float(slow.read_text()) if slow.exists() else 0.0)
    while time.monotonic() < until:
        time.sleep(0.05)
    if Path("broken", stage).exists():
        print(f"error: {stage}.csv, line 3: broken on purpose [/x]; mend it", file=sys.stderr)
        return 1
    for path in filter(None, (output, metrics)):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        left = {"stage": stage, "word": Path("word").read_text(), "loss": {"mean": 0.5, "std": 0.25}}
        if stage.startswith("train"):
            left["seconds"] = str(uuid.uuid4())  # no training leaves the same bytes twice
        Path(path).write_text(json.dumps(left))
    note(stage, "ended")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
