"""What `make setup` chooses and writes, with small scripts instead of Python, and what the requirements pin."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tests.conftest import ROOT

SUPPORTED = ["3.13", "3.12", "3.11"]
NEEDED = ("sh", "make", "rm", "mkdir", "cp", "chmod", "touch", "head", "dirname", "readlink")
ENVIRONMENT = """#!/bin/sh
case "$1 $2" in "-m pip") ;; "-m gatehouse") shift 2; echo "gatehouse in $PWD:" "$@" ;;
    "-P -m") shift 3; python -m stage "$@" ;; "-m stage") shift 2; echo "this environment:" "$@" ;; *) echo "Python 3.11.7" ;; esac
"""
PYTHON = """#!/bin/sh
if test "$1 $2" = "-m venv"; then mkdir -p .venv/bin && cp {environment} .venv/bin/python; exit; fi
echo "{says}"; exit {status}
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the Makefile, next to a `bin` with the commands that it needs but without Python."""
    (tmp_path / "bin").mkdir()
    for command in NEEDED:
        (tmp_path / "bin" / command).symlink_to(shutil.which(command) or command)
    script(tmp_path / "environment", ENVIRONMENT)
    folder = tmp_path / "checkout"
    folder.mkdir()
    shutil.copyfile(ROOT / "Makefile", folder / "Makefile")
    (folder / "requirements.txt").touch()
    return folder


def script(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def python(checkout: Path, name: str, says: str, status: int = 0) -> None:
    """A command `name` that prints `says` when checked for use, and that can create an environment."""
    text = PYTHON.format(environment=checkout.parent / "environment", says=says, status=status)
    script(checkout.parent / "bin" / name, text)


def setup(checkout: Path, *variables: str) -> subprocess.CompletedProcess[str]:
    return make(checkout, "setup", *variables)


def make(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`make` in `checkout`, with only its `bin` on the path."""
    return subprocess.run(
        ["make", *arguments],
        cwd=checkout,
        env={"PATH": str(checkout.parent / "bin")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_setup_takes_the_newest_python_that_works(checkout: Path) -> None:
    python(checkout, "python3.13", "pyenv: python3.13: command not found", status=127)
    python(checkout, "python3.12", "3.12.1")
    python(checkout, "python3.11", "3.11.7")
    done = setup(checkout)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "Setting up .venv with python3.12, which is Python 3.12.1\n"


def test_setup_uses_the_python_that_is_named(checkout: Path) -> None:
    python(checkout, "python3.13", "3.13.0")
    python(checkout, "snake", "3.11.7")
    assert "snake, which is Python 3.11.7" in setup(checkout, "PYTHON=snake").stdout


def test_setup_without_a_usable_python_says_what_to_do(checkout: Path) -> None:
    python(checkout, "python3.12", "it has no modules venv and ensurepip", status=1)
    done = setup(checkout)
    assert done.returncode
    sentence, *_ = done.stderr.splitlines()
    assert "python3.12 (it has no modules venv and ensurepip)" in sentence
    assert "make PYTHON=" in sentence


def pretended(checkout: Path, version: str) -> None:
    """The command `other`: this interpreter, reporting `version` as its own, unable to create an environment."""
    code = f"import sys; sys.version_info = ({version.replace('.', ', ')}); exec(sys.argv[1])"
    script(checkout.parent / "bin" / "other", f'#!/bin/sh\ntest "$1" = -c && exec {sys.executable} -c "{code}" "$2"\n')


@pytest.mark.parametrize("version", ["3.10", "3.14"])
def test_setup_refuses_a_python_of_another_version(checkout: Path, version: str) -> None:
    pretended(checkout, version)
    done = setup(checkout, "PYTHON=other")
    assert done.returncode
    assert f"No usable Python: other (Python {version} is none of {' '.join(SUPPORTED)}); install" in done.stderr


@pytest.mark.parametrize("version", SUPPORTED)
def test_setup_accepts_every_supported_python(checkout: Path, version: str) -> None:
    python(checkout, "c++", "")
    pretended(checkout, version)
    assert "Setting up .venv with other" in setup(checkout, "PYTHON=other").stdout


def test_setup_requires_a_compiler_for_a_package_without_wheel(checkout: Path) -> None:
    pretended(checkout, "3.13")
    assert "C++ compiler" in setup(checkout, "PYTHON=other").stderr


def test_setup_keeps_an_environment_of_another_python(checkout: Path) -> None:
    python(checkout, "python3.11", "3.11.7")
    setup(checkout)
    python(checkout, "python3.13", "3.13.0")
    (checkout / ".venv" / "ready").unlink()
    assert setup(checkout).stdout == ""


def test_setup_warns_when_the_named_python_is_not_used(checkout: Path) -> None:
    python(checkout, "python3.11", "3.11.7")
    setup(checkout)
    python(checkout, "snake", "Python 3.13.0")
    assert "PYTHON=snake is not used: .venv exists and has Python 3.11.7" in setup(checkout, "PYTHON=snake").stdout


@pytest.mark.parametrize("through_a_link", [False, True])
def test_gatehouse_script_runs_the_checkout_it_is_called_in(
    checkout: Path, tmp_path: Path, through_a_link: bool
) -> None:
    python(checkout, "python3.11", "3.11.7")
    setup(checkout)
    command = checkout / ".venv" / "bin" / "gatehouse"
    if through_a_link:
        command = tmp_path / "link"
        command.symlink_to(checkout / ".venv" / "bin" / "gatehouse")
    copy = tmp_path / "a copy"
    (copy / "gatehouse").mkdir(parents=True)
    done = subprocess.run([command, "run", "a b"], cwd=copy, capture_output=True, text=True, check=False)
    assert done.stdout == f"gatehouse in {copy}: run a b\n"


def test_gatehouse_script_outside_a_checkout_is_an_error(checkout: Path, tmp_path: Path) -> None:
    python(checkout, "python3.11", "3.11.7")
    setup(checkout)
    done = subprocess.run(
        [checkout / ".venv" / "bin" / "gatehouse"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")


def test_dvc_script_runs_stages_with_its_own_environment(checkout: Path) -> None:
    """Not activated, and with another Python in PATH."""
    python(checkout, "python3.11", "3.11.7")
    setup(checkout)
    python(checkout, "python", "the system's")
    path = str(checkout.parent / "bin")
    command = [str(checkout / ".venv" / "bin" / "dvc"), "repro", "a b"]
    done = subprocess.run(command, env={"PATH": path}, cwd=checkout, capture_output=True, text=True, check=False)
    assert done.stdout == "this environment: repro a b\n", done.stderr


@pytest.mark.parametrize("target", ["repro", "demo", "test"])
def test_make_without_git_says_how_to_go_on_before_it_sets_anything_up(checkout: Path, target: str) -> None:
    script(checkout.parent / "bin" / "git", "#!/bin/sh\nexit 128")
    python(checkout, "python3.11", "3.11.7")
    done = make(checkout, target)
    assert done.returncode
    assert "no Git repository" in done.stderr
    assert "git init" in done.stderr
    assert not (checkout / ".venv").exists()


def test_makefile_supports_the_same_pythons_as_the_package() -> None:
    assert f"PYTHONS := {' '.join(SUPPORTED)}\n" in (ROOT / "Makefile").read_text()
    allowed = SpecifierSet(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"])
    assert [f"3.{minor}" for minor in range(20, 0, -1) if f"3.{minor}.1" in allowed] == SUPPORTED


def requirements(file: str) -> list[Requirement]:
    lines = [line.split("#")[0].strip() for line in (ROOT / file).read_text().splitlines()]
    return [Requirement(line) for line in lines if line]


@pytest.mark.parametrize("version", SUPPORTED)
def test_requirements_pin_one_version_of_every_package(version: str) -> None:
    pins = requirements("requirements.txt")
    assert all(str(pin.specifier).startswith("==") for pin in pins)
    this = {"python_version": version, "python_full_version": f"{version}.1"}
    names = [pin.name for pin in pins if pin.marker is None or pin.marker.evaluate(this)]
    assert len(names) == len(set(names))
    assert {canonicalize_name(wanted.name) for wanted in requirements("requirements.in")} <= set(names)
