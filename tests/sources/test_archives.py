"""Data out of package archives, from indexes that are folders, pages and servers of the tests' own."""

import hashlib
import io
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from pipelines.errors import SourceError
from pipelines.sources import archives

CONTENT = b"some data"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
WHEEL = "sample-1.0-py3-none-any.whl"


def write_wheel(path: Path, content: bytes = CONTENT) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr("sample/data.txt", content)
        wheel.writestr("sample-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: sample\nVersion: 1.0\n")
    return path


def write_source(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as source:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"sample-1.0/{name}")
            entry.size = len(content)
            source.addfile(entry, io.BytesIO(content))
    return path


def read(path: str = "sample/data.txt", version: str = "1.0", sha256: str = SHA256) -> bytes:
    return archives.member("sample", version, path, sha256)


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """How pip is set up; what reads it from pip's configuration has a test of its own."""
    options: dict[str, str] = {}
    monkeypatch.setattr(archives, "_pip_options", lambda: options)
    return options


@pytest.fixture
def links(tmp_path: Path, pip: dict[str, str]) -> Path:
    """A folder in which pip would look for packages; there is no index."""
    folder = tmp_path / "links"
    folder.mkdir()
    pip |= {"no-index": "1", "find-links": str(folder)}
    return folder


@pytest.fixture
def index(tmp_path: Path, pip: dict[str, str]) -> Path:
    """The folder of `sample` in a package index; nothing is found elsewhere."""
    folder = tmp_path / "index" / "sample"
    folder.mkdir(parents=True)
    pip |= {"index-url": folder.parent.as_uri()}
    return folder


@pytest.fixture
def server(index: Path) -> Iterator[str]:
    """The address of a server of that index."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(index.parent))) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()


def test_member_reads_a_file_without_installing_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the real pip's settings."""
    write_wheel(tmp_path / WHEEL)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    assert read() == CONTENT
    with pytest.raises(PackageNotFoundError):
        metadata.distribution("sample")


def test_member_runs_no_code_of_a_source_archive(links: Path, tmp_path: Path) -> None:
    setup = f"import pathlib; pathlib.Path({str(tmp_path / 'ran')!r}).touch()\nfrom setuptools import setup; setup()\n"
    write_source(links / "sample-1.0.tar.gz", {"setup.py": setup.encode(), "data/data.txt": CONTENT})
    assert read("sample-1.0/data/data.txt") == CONTENT
    with pytest.raises(SourceError, match="has SHA-256"):
        read("sample-1.0/data/data.txt", sha256="0" * 64)
    assert not (tmp_path / "ran").exists()


def test_member_of_the_source_archive_passes_over_wheels(links: Path) -> None:
    write_wheel(links / WHEEL)
    write_source(links / "sample-1.0.tar.gz", {"data/data.txt": CONTENT})
    assert archives.member("sample", "1.0", "sample-1.0/data/data.txt", SHA256, source=True) == CONTENT
    with pytest.raises(SourceError, match=r"sample-1\.0-py3-none-any\.whl holds no sample-1\.0/data"):
        read("sample-1.0/data/data.txt")


def test_unpacked_reads_an_archive_inside_an_archive(tmp_path: Path) -> None:
    content = write_source(tmp_path / "inner.tar.gz", {"data.txt": CONTENT}).read_bytes()
    assert archives.unpacked(content, "sample-1.0/data.txt") == CONTENT
    for damaged, path in ((content, "sample-1.0/other.txt"), (content[:40], "sample-1.0/data.txt"), (b"", "x")):
        with pytest.raises(SourceError, match=r"an archive inside the sample's package has no readable"):
            archives.unpacked(damaged, path)


def test_member_reads_a_wheel_of_another_platform(links: Path) -> None:
    write_wheel(links / "sample-1.0-cp38-cp38-win_arm64.whl")
    assert read() == CONTENT


def test_member_reads_an_index_on_disk(index: Path) -> None:
    wheel = write_wheel(index / WHEEL)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (index / "index.html").write_text(f'<a href="{WHEEL}#sha256={digest}">{WHEEL}</a>')
    assert read() == CONTENT


def test_member_reads_an_index_over_http_beside_one_that_does_not_answer(
    index: Path, server: str, pip: dict[str, str]
) -> None:
    write_wheel(index / WHEEL)
    (index / "index.html").write_text(f'<a href="{WHEEL}">{WHEEL}</a>')
    pip |= {"index-url": "http://127.0.0.1:9/simple", "extra-index-url": f"{server} file:///nowhere"}
    assert read() == CONTENT


def test_member_refuses_an_archive_with_another_hash_than_the_index_gives(
    index: Path, server: str, pip: dict[str, str]
) -> None:
    write_wheel(index / WHEEL)
    (index / "index.html").write_text(f'<a href="{WHEEL}#sha256={"0" * 64}">{WHEEL}</a>')
    for address in (index.parent.as_uri(), server):
        pip["index-url"] = address
        with pytest.raises(SourceError, match=rf"{WHEEL} has another hash than its index says"):
            read()


def test_member_refuses_content_with_another_hash(links: Path) -> None:
    write_wheel(links / WHEEL)
    with pytest.raises(SourceError, match=r"sample/data\.txt in sample 1\.0 has SHA-256 .*, expected 0000"):
        read(sha256="0" * 64)


def test_member_refuses_a_file_of_any_size_in_a_small_archive(links: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_BYTES", 2**20)
    write_wheel(links / WHEEL, bytes(2**21))
    with pytest.raises(SourceError, match=r"sample/data\.txt in .* has more than 1 MB"):
        read()


@pytest.mark.parametrize("damaged", [b"", b"PK", b"\x1f\x8b\x08\x00 no gzip"])
def test_member_of_a_damaged_archive_is_an_error(links: Path, damaged: bytes) -> None:
    (links / WHEEL).write_bytes(damaged)
    with pytest.raises(SourceError, match=f"{WHEEL} is damaged"):
        read()


def test_member_of_an_unavailable_archive_is_an_error(links: Path) -> None:
    write_wheel(links / WHEEL)
    with pytest.raises(SourceError, match=r"could not download sample 2\.0.*connect to a package index, or put files"):
        read(version="2.0")


def test_member_gives_the_reason_and_no_password_when_no_index_answers(
    pip: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    pip["index-url"] = "http://user:secret@127.0.0.1:9/simple"
    pip["extra-index-url"] = "http://user:secret@example.org/simple"  # neither https nor trusted
    with pytest.raises(SourceError, match=r"could not download sample 1\.0.*refused.*not being trusted") as raised:
        read()
    assert "secret" not in str(raised.value) + capfd.readouterr().err


def test_member_names_a_missing_file(links: Path) -> None:
    write_wheel(links / WHEEL)
    with pytest.raises(SourceError, match=r"holds no sample/other\.txt"):
        read("sample/other.txt")


def test_pip_options_come_from_files_and_the_environment_counts_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configuration = tmp_path / "pip.conf"
    configuration.write_text("[global]\nindex-url = file:///a\ncert = /with space\n[download]\nindex-url = file:///b\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(configuration))
    monkeypatch.setenv("PIP_TRUSTED_HOST", "one two")
    monkeypatch.delenv("PIP_CERT", raising=False)
    options = archives._pip_options()
    assert options["index-url"] == "file:///b"
    assert options["cert"] == "/with space"
    assert options["trusted-host"] == "one two"
    configuration.write_text("no section")
    with pytest.raises(SourceError, match="pip's configuration"):
        archives._pip_options()


def test_members_reads_several_files_of_one_download(links: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_source(links / "sample-1.0.tar.gz", {"one.txt": b"1", "two.txt": b"2"})
    downloads: list[str] = []
    download = archives._download

    def counted(package: str, version: str, folder: Path, source: bool) -> Path:
        downloads.append(package)
        return download(package, version, folder, source)

    monkeypatch.setattr(archives, "_download", counted)
    pinned = {
        f"sample-1.0/{name}.txt": hashlib.sha256(content).hexdigest()
        for name, content in (("one", b"1"), ("two", b"2"))
    }
    assert archives.members("sample", "1.0", pinned) == {"sample-1.0/one.txt": b"1", "sample-1.0/two.txt": b"2"}
    assert len(downloads) == 1
    with pytest.raises(
        SourceError, match=r"sample-1\.0/two\.txt in sample 1\.0 has SHA-256 .*, expected 0000; the archive"
    ):
        archives.members("sample", "1.0", {**pinned, "sample-1.0/two.txt": "0000"})
