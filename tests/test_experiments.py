"""Experiments that DVC runs in a copy of the project read the user's own files, or refuse."""

import re
from pathlib import Path

import pytest

from pipelines import experiments, paths
from pipelines.errors import InputError
from tests.conftest import copy_project, run, use_tiny_profile

PAIRS = "".join(f"one {number}\tbir {number}\n" for number in range(60))


def commit(project: Path) -> None:
    assert run(project, "git", "add", "-A").returncode == 0
    assert run(project, "git", "-c", "user.name=t", "-c", "user.email=t@e.org", "commit", "-qm", "t").returncode == 0


def test_experiment_in_a_copy_reads_the_files_of_the_user_and_not_the_sample(tmp_path: Path) -> None:
    """The sample has been collected before, so DVC could restore that from its cache; the second copy could restore `code`."""
    project = copy_project(tmp_path / "project")
    use_tiny_profile(project)
    assert run(project, "dvc", "repro", "collect@numbers").returncode == 0
    commit(project)
    (project / "data/input/numbers/deep").mkdir()
    (project / "data/input/numbers/deep/own.tsv").write_text(PAIRS)
    for _ in range(2):
        done = run(project, "dvc", "exp", "run", "--temp", "collect@numbers")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "1 files of" in done.stdout
        assert "Running stage 'code'" in done.stdout
        (name,) = re.findall(r"Reproducing experiment '(.*)'", done.stdout)
        assert "own.tsv" not in run(project, "git", "ls-files").stdout
        (ref,) = run(project, "git", "for-each-ref", "--format=%(refname)", "refs/exps/*/*/*").stdout.split()
        recorded = run(project, "git", "show", f"{ref}:dvc.lock").stdout
        assert run(project, "dvc", "exp", "remove", name).returncode == 0
    # The copy has recorded what the original has, so nothing is left to run here but `code`, whose output is not cached.
    (project / "dvc.lock").write_text(recorded)
    done = run(project, "dvc", "repro", "collect@numbers")
    assert done.returncode == 0, done.stderr
    assert '"sample": false' in (project / "data/raw/numbers/source.json").read_text()
    assert "Running stage 'collect" not in done.stdout


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder where DVC puts copies, as the current one; the original has a file for the task numbers."""
    for name in (experiments.NAME, experiments.ROOT):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path.joinpath(*experiments.COPIES, "standalone", "tmp1")
    for root in (folder, tmp_path):
        (root / paths.INPUT / "numbers").mkdir(parents=True)
        (root / paths.INPUT / "numbers" / ".gitkeep").touch()
    (tmp_path / paths.INPUT / "numbers" / "own.tsv").write_text(PAIRS)
    monkeypatch.chdir(folder)
    return folder


def test_link_input_links_every_file_once(copy: Path) -> None:
    for _ in range(2):
        experiments.link_input()
        assert (copy / "data/input/numbers/own.tsv").read_text() == PAIRS
    assert (copy / "data/input/numbers/own.tsv").is_symlink()


def test_link_input_does_nothing_in_a_checkout(copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    experiments.link_input()
    monkeypatch.setenv(experiments.NAME, "an-experiment-in-the-workspace")
    monkeypatch.setenv(experiments.ROOT, str(tmp_path))
    experiments.link_input()
    assert not list(tmp_path.glob("data/input/*/*.tsv"))[1:]


def test_link_input_finds_the_original_that_dvc_names(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "on" / "another" / "disk"
    other.mkdir(parents=True)
    monkeypatch.setenv(experiments.NAME, "an-experiment")
    monkeypatch.setenv(experiments.ROOT, str(tmp_path))
    assert experiments.original(other) == tmp_path.resolve()


def test_link_input_without_the_original_refuses(copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(experiments.NAME, "an-experiment")
    monkeypatch.setenv(experiments.ROOT, str(tmp_path / "gone"))
    with pytest.raises(InputError, match=r"has no folder data/input .*without --temp and --queue$"):
        experiments.link_input()
