"""`serve`: a real server over a folder of reports."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from pipelines import serve
from pipelines.errors import MissingStageError, UsageError
from tests.conftest import ROOT

SOUND = bytes(range(256)) * 40


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    folder = tmp_path / "reports"
    (folder / "tasks" / "music").mkdir(parents=True)
    (folder / "index.html").write_text("<h1>Which cell?</h1>", encoding="utf-8")
    (folder / "tasks" / "music" / "index.html").write_text("music", encoding="utf-8")
    (folder / "tasks" / "music" / "piece.wav").write_bytes(SOUND)
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    return folder


@pytest.fixture
def address(reports: Path) -> Iterator[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "pipelines", "serve", "--port", "0"]
    with subprocess.Popen(
        command, cwd=reports.parent, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield line.split("the reports: ")[1].split()[0]
        process.send_signal(signal.SIGINT)
        assert process.wait(20) in (0, 130)


def test_serve_answers_pages_and_byte_ranges(address: str) -> None:
    with httpx.Client(base_url=address, trust_env=False, timeout=20) as client:
        assert client.get("/").text == "<h1>Which cell?</h1>"
        assert client.get("/tasks/music/").text == "music"
        part = client.get("/tasks/music/piece.wav", headers={"Range": "bytes=300-1299"})
        assert part.status_code == 206
        assert part.content == SOUND[300:1300]
        assert part.headers["content-range"] == f"bytes 300-1299/{len(SOUND)}"
        assert client.get("/tasks/music/piece.wav").headers["accept-ranges"] == "bytes"
        assert client.get("/tasks/nothing.html").status_code == 404
        for outside in ("/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt"):
            assert client.get(outside).status_code == 404


def test_serve_listens_on_this_machine_alone(address: str) -> None:
    assert address.startswith("http://127.0.0.1:")


def test_serve_says_that_there_is_no_report(tmp_path: Path) -> None:
    with pytest.raises(MissingStageError, match="holds no report: run `make repro`"):
        serve.run(0, tmp_path)


def test_serve_says_that_a_port_is_taken(reports: Path) -> None:
    with socket.socket() as other:
        other.bind((serve.HOST, 0))
        other.listen()
        with pytest.raises(UsageError, match=r"cannot be used \(Address already in use\): choose another with --port"):
            serve.run(other.getsockname()[1], reports)
    with pytest.raises(UsageError, match="from 0 to 65535"):
        serve.run(70_000, reports)
