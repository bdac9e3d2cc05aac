"""`python -m flows doctor` says what is there, what is not, and what to do about it."""

from pathlib import Path

from tests.flows.conftest import Server, Toy


def test_what_is_missing_on_a_server_is_named_with_its_remedy_and_deploy_is_it(
    toy: Toy, server: Server, tmp_path: Path
) -> None:
    toy.dvc("remote", "add", "--default", "--local", "depot", str(tmp_path / "remote"))
    for pool in ("cpu", "gpu"):  # and with it the workers that another test has had
        server.remove_pool(pool)
    server.remove_deployment("weekly-full")
    before = toy.flows("doctor")
    assert before.returncode == 1
    for pool in ("cpu", "gpu"):
        assert f"✗ pool {pool}: missing\n    → python -m flows deploy" in before.stdout
    assert "✗ deployment nightly/weekly-full: missing\n    → python -m flows deploy" in before.stdout
    for _ in range(2):  # a second time is no mistake
        deployed = toy.flows("deploy")
        assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    after = toy.flows("doctor")
    assert after.returncode == 0, after.stdout
    for line in ("✓ Python: 3.11", "✓ graph: 11 stages", "✓ TensorFlow", "✓ DVC remote: depot", "✓ Prefect server"):
        assert line in after.stdout
    for name in ("reproduce/reproduce", "nightly/nightly", "nightly/weekly-full"):
        assert f"✓ deployment {name}" in after.stdout
    assert "– pool gpu: no worker" in after.stdout
    assert "→ python -m flows worker gpu" in after.stdout


def test_what_is_only_needed_for_several_hosts_is_no_failure(toy: Toy, tmp_path: Path) -> None:
    alone = Toy(toy.folder, toy.diary, {"TOY_DIARY": str(toy.diary), "PREFECT_HOME": str(tmp_path / "home")})
    done = alone.flows("doctor")
    assert done.returncode == 0, done.stdout
    assert "– DVC remote: none" in done.stdout
    assert "– Prefect server: none configured" in done.stdout


def test_what_does_not_answer_is_a_failure_with_a_reason(toy: Toy, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    toy.dvc("remote", "add", "--default", "--local", "depot", str(tmp_path / "file" / "remote"))
    lost = Toy(toy.folder, toy.diary, {**toy.settings, "PREFECT_API_URL": "http://127.0.0.1:9/api"})
    done = lost.flows("doctor")
    assert done.returncode == 1
    assert "✗ DVC remote" in done.stdout
    assert "Not a directory" in done.stdout
    assert "✗ Prefect server: the Prefect server at http://127.0.0.1:9/api does not answer" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
