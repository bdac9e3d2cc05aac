import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from pipelines.errors import SourceError
from pipelines.sources import archives


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """A real pip whose index is a folder with one wheel, which has a data file."""
    content = b"some data"
    with zipfile.ZipFile(tmp_path / "sample-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("sample/data.txt", content)
        wheel.writestr("sample-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: sample\nVersion: 1.0\n")
        wheel.writestr("sample-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("sample-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    return content


def test_member_reads_a_file_without_installing_the_package(index: bytes) -> None:
    sha256 = hashlib.sha256(index).hexdigest()
    assert archives.member("sample", "1.0", "sample/data.txt", sha256) == index
    listed = subprocess.run([sys.executable, "-m", "pip", "list"], capture_output=True, text=True, check=True).stdout
    assert "sample" not in listed.split()


def test_member_refuses_content_with_another_hash(index: bytes) -> None:
    with pytest.raises(SourceError, match=r"sample/data\.txt in sample 1\.0 has SHA-256 .*, expected 0000"):
        archives.member("sample", "1.0", "sample/data.txt", "0" * 64)


def test_member_of_an_unavailable_archive_is_an_error(index: bytes) -> None:
    with pytest.raises(SourceError, match=r"could not download sample 2\.0.*connect to a package index, or put files"):
        archives.member("sample", "2.0", "sample/data.txt", "0" * 64)


def test_member_names_a_missing_file(index: bytes) -> None:
    with pytest.raises(SourceError, match=r"holds no sample/other\.txt"):
        archives.member("sample", "1.0", "sample/other.txt", "0" * 64)
