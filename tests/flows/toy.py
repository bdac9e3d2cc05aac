"""The command of every stage of the toy graph: notes in the diary that it ran, takes its time, and writes its outputs.

    python toy.py STAGE OUTPUT [METRICS]

`seconds/STAGE` makes it slow, `broken/STAGE` makes it fail. What it writes is what it read. The stage `code` hashes
`source/KIND.py` for every kind of stage and task, without its comments.
"""

import ast
import hashlib
import json
import os
import sys
import time
import uuid
from pathlib import Path

KINDS = ("collect", "train", "compare", "report")


def note(stage: str, event: str) -> None:
    """Append a line to the diary that all workspaces of a test share; one write per line, so that none are mixed."""
    line = {"stage": stage, "event": event, "at": time.time(), "pid": os.getpid(), "folder": Path.cwd().as_posix()}
    line |= {"devices": os.environ.get("CUDA_VISIBLE_DEVICES"), "threads": os.environ.get("TF_NUM_INTEROP_THREADS")}
    with Path(os.environ["TOY_DIARY"]).open("a") as diary:
        diary.write(json.dumps(line) + "\n")


def hash_code(folder: Path) -> None:
    """Write the hash of the syntax tree of `source/KIND.py` to `KIND/TASK.json`."""
    for kind in KINDS:
        source = Path("source", f"{kind}.py")
        tree = ast.dump(ast.parse(source.read_text(), str(source)))
        for task in ("a", "b"):
            path = folder / kind / f"{task}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({source.name: hashlib.sha256(tree.encode()).hexdigest()}))


def main(stage: str, output: str, metrics: str | None = None) -> int:
    note(stage, "began")
    print(f"{stage} at work")
    seconds = Path("seconds", stage)
    end = time.monotonic() + (float(seconds.read_text()) if seconds.exists() else 0.0)
    while time.monotonic() < end:
        time.sleep(0.05)
    if Path("broken", stage).exists():
        print(f"error: {stage}.csv, line 3: broken on purpose [/x]; mend it", file=sys.stderr)
        return 1
    if stage == "code":
        hash_code(Path(output))
    else:
        for path in filter(None, (output, metrics)):
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            written = {"stage": stage, "word": Path("word").read_text(), "loss": {"mean": 0.5, "std": 0.25}}
            if stage.startswith("train"):
                written["seconds"] = str(uuid.uuid4())  # no two trainings write the same bytes
            Path(path).write_text(json.dumps(written))
    note(stage, "ended")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
