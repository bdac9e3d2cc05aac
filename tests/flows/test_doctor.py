"""The doctor names what is present, what is missing, and what to do about it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows import doctor
from tests.flows.conftest import Flows, Server, Toy


@pytest.fixture
def in_toy(new_template: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Toy:
    """The current folder: a workspace."""
    toy = new_template.clone(tmp_path / "toy")
    monkeypatch.chdir(toy.folder)
    return toy


@pytest.fixture
def no_server() -> Iterator[None]:
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        yield


def test_doctor_names_what_a_server_lacks_until_deploy_creates_it(toy: Toy, server: Server, run_flows: Flows) -> None:
    for pool in ("cpu", "gpu"):  # and with them the workers of other tests
        server.remove_pool(pool)
    server.remove_deployment("weekly-full")
    with temporary_settings({PREFECT_API_URL: server.address}):
        before = {finding.subject: finding for finding in doctor.prefect_server()}
    for subject in ("pool cpu", "pool gpu", "deployment nightly/weekly-full"):
        assert before[subject].passed is False
        assert before[subject].remedy == "gatehouse deploy"

    for _ in range(2):  # the second time nothing is missing
        assert toy.flows("deploy").returncode == 0

    toy.dvc("remote", "add", "--default", "--local", "depot", str(toy.folder / "remote"))
    done = run_flows(toy, "doctor")
    assert done.returncode == 0, done.stdout
    for line in ("✓ Python: 3.", "✓ graph: 12 stages", "✓ TensorFlow", "✓ DVC remote: depot", "✓ Prefect server"):
        assert line in done.stdout
    for name in ("reproduce/reproduce", "nightly/nightly", "nightly/weekly-full"):
        assert f"✓ deployment {name}" in done.stdout
    assert "– pool gpu: has no worker\n    → gatehouse worker gpu" in done.stdout


def test_doctor_fails_when_a_check_fails(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    findings = [doctor.Finding("disk", False, "1 GB free", "free some space")]
    monkeypatch.setattr(doctor, "examine", lambda: iter(findings))
    assert doctor.report() == 1
    assert capsys.readouterr().out == "✗ disk: 1 GB free\n    → free some space\n"


def test_doctor_does_not_require_what_only_several_hosts_need(in_toy: Toy, no_server: None) -> None:
    assert doctor.remote().passed is None
    assert [finding.passed for finding in doctor.prefect_server()] == [None]


def test_doctor_gives_the_reason_when_the_remote_does_not_answer(in_toy: Toy, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    in_toy.dvc("remote", "add", "--default", "--local", "depot", str(tmp_path / "file" / "remote"))
    finding = doctor.remote()
    assert finding.passed is False
    assert "depot" in finding.detail
    assert "Not a directory" in finding.detail


def test_doctor_gives_the_reason_when_the_server_does_not_answer() -> None:
    address = "http://127.0.0.1:9/api"
    with temporary_settings({PREFECT_API_URL: address}):
        (finding,) = doctor.prefect_server()
    assert finding.passed is False
    assert f"{address} does not answer" in finding.detail


def test_doctor_reports_a_folder_without_a_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    finding = doctor.stage_graph()
    assert finding.passed is False
    assert "go to the root of a checkout" in finding.detail
    assert "repository's root" in finding.remedy


def test_doctor_reports_a_broken_configuration_of_dvc(in_toy: Toy) -> None:
    in_toy.folder.joinpath(".dvc", "config").write_text("[core\n")
    finding = doctor.remote()
    assert finding.passed is False
    assert "config" in finding.detail


@pytest.mark.parametrize(("version", "passed"), [((3, 10), False), ((3, 11), True), ((3, 13), True), ((3, 14), False)])
def test_doctor_accepts_the_supported_versions_of_python(version: tuple[int, int], passed: bool) -> None:
    assert doctor.python(version).passed is passed
