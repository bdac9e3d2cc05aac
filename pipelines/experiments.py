"""The user's input in the copies in which `dvc exp run --temp` and `--queue` run experiments.

DVC makes such a copy from Git, which ignores `data/input/<task>/*`: without more, an experiment on the user's own files would silently
be one on the sample. So the first stage that runs in a copy links the original's files into it. That is always `code`: its output is not
cached (`dvc.yaml`), hence missing in every copy.
"""

import os
from pathlib import Path

from pipelines import paths, progress
from pipelines.errors import InputError
from pipelines.sources import files

COPIES = (".dvc", "tmp", "exps")
"""Where DVC puts the copies, below the original."""
NAME = "DVC_EXP_NAME"
"""The environment variable that DVC sets for the stages of an experiment."""
ROOT = "DVC_ROOT"
"""The one that names the original, in a copy too."""


def link_input() -> None:
    """In a copy: link the files of the original's `data/input` into this one; anywhere else: nothing.

    The links stay ignored by Git, and DVC hashes what they lead to, as in the original. Raise `InputError` if the original is not on
    this machine, or holds what `collect` would refuse.
    """
    root = original(Path.cwd())
    if root is None:
        return
    if not (root / paths.INPUT).is_dir():
        raise InputError(
            f"{Path.cwd()}: is a copy that DVC has made of {root} for an experiment, which has no folder {paths.INPUT} (any more), "
            "so your own files cannot be read; run the experiment there without --temp and --queue"
        )
    linked = 0
    for folder in sorted(path for path in (root / paths.INPUT).iterdir() if path.is_dir()):
        for path in files.input_files(folder):
            link = paths.INPUT / path.relative_to(root / paths.INPUT)
            if not os.path.lexists(link):
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(path)
                linked += 1
    if linked:
        progress.say(f"experiment: {linked} files of {root / paths.INPUT} linked into this copy")


def original(folder: Path) -> Path | None:
    """The checkout of which `folder` is a copy for an experiment; None if it is none."""
    if NAME in os.environ and ROOT in os.environ:
        root = Path(os.environ[ROOT]).resolve()
        return root if root != folder.resolve() else None
    parts = folder.resolve().parts
    for start in range(len(parts) - len(COPIES)):
        if parts[start : start + len(COPIES)] == COPIES:
            return Path(*parts[:start])
    return None
