"""What Prefect is told through the environment, and what of an address is shown."""

import subprocess
import sys
from pathlib import Path

import pytest
from prefect.settings import PREFECT_HOME, temporary_settings

from flows import dvc_cli, server, settings
from flows.__main__ import main
from pipelines.errors import UsageError
from tests.conftest import ROOT
from tests.flows.conftest import environment


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://user:secret@host:1/api", "http://***@host:1/api"),
        ("https://token@host/path", "https://***@host/path"),
        ("http://user:se/cr@et@host/path", "http://***@host/path"),
        ("azure://box/path?sig=secret&se=1", "azure://box/path?***"),
        (
            "'http://a:b@c/d' refused, (https://x/y?token=1) too: no",
            "'http://***@c/d' refused, (https://x/y?***) too: no",
        ),
        ("is it up? s3://bucket/path is", "is it up? s3://bucket/path is"),
    ],
)
def test_hide_credentials_leaves_the_rest_of_an_address(text: str, shown: str) -> None:
    assert settings.hide_credentials(text) == shown


def test_errors_of_dvc_and_of_the_server_show_no_credentials() -> None:
    for error in (dvc_cli.DvcError("no https://me:secret@host"), server.ServerError("no https://me:secret@host")):
        assert str(error) == "no https://***@host"


def test_prepare_takes_credentials_out_of_the_address() -> None:
    environ = {"PREFECT_API_URL": "https://me:s%40cret@host:1/api"}
    settings.prepare(environ)
    assert environ["PREFECT_API_URL"] == "https://host:1/api"
    assert environ["PREFECT_API_AUTH_STRING"] == "me:s@cret"


def test_prepare_leaves_what_the_user_has_set() -> None:
    environ = {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "60", "PREFECT_API_URL": "http://[::1]:4200/api"}
    settings.prepare(environ)
    assert environ["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"] == "60"
    assert environ["PREFECT_API_URL"] == "http://[::1]:4200/api"


def test_prepared_settings_are_prefects_in_any_folder(tmp_path: Path) -> None:
    environ = environment(PREFECT_HOME=str(tmp_path), PYTHONPATH=str(ROOT))
    for name in ("DO_NOT_TRACK", "PREFECT_SERVER_ANALYTICS_ENABLED"):
        environ.pop(name, None)
    settings.prepare(environ)
    code = (
        "from prefect.settings import get_current_settings as s; from prefect.analytics import is_telemetry_enabled as t;"
        "print(s().server.analytics_enabled, t(), s().flows.heartbeat_frequency)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environ, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "False", "30"], done.stderr


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1:4200/api", "localhost:4200/api", " http://host/api", "http://host:42 00/api", "http://host:99999/api",
        "http://host:abc/api", "http://host:0/api", "http:///api", "ftp://host/api", "http://[host/api",
        "http://\x1b[31mhost/api", "http://host\n/api", "api", "http://me:secret@host:x/api", "me:secret@host/api",
    ],
)  # fmt: skip
def test_malformed_address_is_wrong_usage_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], address: str
) -> None:
    with pytest.raises(UsageError):
        settings.check(address)
    monkeypatch.setenv("PREFECT_API_URL", address)
    assert main(["show"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: PREFECT_API_URL is '")
    assert "not the address of a Prefect server" in error
    assert error.count("\n") == 1
    assert error[:-1].isprintable()
    assert "secret" not in error


@pytest.mark.parametrize("port", ["0", "99999", "65536", "-1", "four", "1" * 5000])
def test_server_refuses_what_is_no_port(capsys: pytest.CaptureFixture[str], port: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["server", f"--port={port}"])
    assert ended.value.code == 2
    assert "is not a port: a whole number from 1 to 65535" in capsys.readouterr().err


@pytest.mark.parametrize(("host", "reason"), [("no such host", "Name or service not known"), ("192.0.2.1", "assign")])
def test_server_that_cannot_listen_says_why(capsys: pytest.CaptureFixture[str], host: str, reason: str) -> None:
    assert main(["server", "--host", host]) == 1
    error = capsys.readouterr().err
    assert f"error: a server cannot listen at {host}, port 4200" in error
    assert reason in error


def test_server_that_cannot_keep_a_database_says_where(capsys: pytest.CaptureFixture[str]) -> None:
    with temporary_settings({PREFECT_HOME: Path("/dev/null/home")}):
        assert main(["server"]) == 1
        assert "error: /dev/null/home: Prefect cannot write to its folder (Not a directory)" in capsys.readouterr().err
        with pytest.raises(server.ServerError, match="set PREFECT_HOME"):
            server._start_temporary()
