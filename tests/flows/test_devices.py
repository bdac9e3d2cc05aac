"""GPUs, with a fake driver."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from flows import devices, doctor, stages
from pipelines.errors import UsageError, UserError
from tests.conftest import ROOT
from tests.flows.conftest import Flows, Toy

TRAININGS = ["train@a-x", "train@a-y", "train@b-x", "train@b-y"]


def install_driver(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """An `nvidia-smi` that is found before any other."""
    tool = folder / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.fixture(autouse=True)
def own_locks_and_no_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "LOCK_FOLDER", tmp_path / "gatehouse-devices")
    install_driver(tmp_path, monkeypatch, "exit 9")


def test_available_lists_the_devices_of_the_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_driver(tmp_path, monkeypatch, "echo GPU-1111; echo GPU-2222")
    assert devices.available() == ["GPU-1111", "GPU-2222"]


def test_available_is_empty_when_the_driver_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_driver(tmp_path, monkeypatch, "echo NVIDIA-SMI has failed; exit 9")
    assert devices.available() == []


@pytest.mark.parametrize("name", ["1", "GPU-2222", "GPU-22"])
def test_available_gives_a_device_one_name_however_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    install_driver(tmp_path, monkeypatch, "echo GPU-1111; echo GPU-2222")
    assert devices.available([name]) == devices.available([name, "1"]) == ["GPU-2222"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", name)
    assert devices.available() == ["GPU-2222"]
    mine = devices.lease(devices.available())
    assert mine
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    other = devices.lease(devices.available())
    assert other
    assert other.device == "GPU-1111"
    mine.release()
    other.release()


@pytest.mark.parametrize("name", ["2", "GPU-", "GPU-3", "first"])
def test_available_refuses_an_unknown_device_as_wrong_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    install_driver(tmp_path, monkeypatch, "echo GPU-1111; echo GPU-2222")
    with pytest.raises(UsageError, match=f"no GPU '{name}' on this host: .* 0 .GPU-1111., 1 .GPU-2222."):
        devices.available([name])


@pytest.mark.parametrize("command", [["run", "train"], ["worker", "gpu"]])
def test_run_and_worker_refuse_an_unknown_device(
    toy: Toy, run_flows: Flows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    install_driver(tmp_path, monkeypatch, "echo GPU-1111")
    done = run_flows(toy, *command, "--devices", "1")
    assert done.returncode == 2
    assert done.stderr.startswith("error: there is no GPU '1' on this host")
    assert toy.ran() == []


def test_doctor_reports_an_unknown_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_driver(tmp_path, monkeypatch, "echo GPU-1111")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    monkeypatch.chdir(ROOT)
    finding = doctor.tensorflow()
    assert finding.passed is False
    assert "there is no GPU '1'" in finding.detail
    assert "set CUDA_VISIBLE_DEVICES" in finding.remedy


@pytest.mark.parametrize(("visible", "left"), [("3,-1,1", ["3"]), ("3,1", ["3", "1"]), ("", []), ("-1", [])])
def test_available_omits_what_is_hidden_from_this_process(
    monkeypatch: pytest.MonkeyPatch, visible: str, left: list[str]
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert devices.available() == left


def test_lease_gives_a_device_to_one_holder_until_its_release() -> None:
    first, second = devices.lease(["p", "q"]), devices.lease(["p", "q"])
    assert first
    assert second
    assert {first.device, second.device} == {"p", "q"}
    assert devices.lease(["p", "q"]) is None
    first.release()
    again = devices.lease(["p", "q"])
    assert again
    assert again.device == first.device
    again.release()
    second.release()


def test_lease_files_can_be_locked_by_every_user_of_the_host() -> None:
    previous = os.umask(0o077)
    try:
        lease = devices.lease(["p"])
    finally:
        os.umask(previous)
    assert lease
    assert devices.LOCK_FOLDER.stat().st_mode & 0o7777 == 0o1777
    assert (devices.LOCK_FOLDER / "p.lock").stat().st_mode & 0o444 == 0o444
    lease.release()


@pytest.mark.parametrize("kind", ["link", "dangling link", "FIFO", "folder"])
def test_lease_follows_no_link_and_opens_only_a_file(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "private"
    if kind == "link":
        target.touch(0o600)
    devices.LOCK_FOLDER.mkdir()
    lock = devices.LOCK_FOLDER / "p.lock"
    if "link" in kind:
        lock.symlink_to(target)
    elif kind == "FIFO":
        os.mkfifo(lock)
    else:
        lock.mkdir()
    with pytest.raises(UserError, match=r"p\.lock: .* remove it"):
        devices.lease(["p"])
    assert target.exists() == (kind == "link")
    assert kind != "link" or target.stat().st_mode & 0o777 == 0o600


def test_lease_uses_no_folder_that_is_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    devices.LOCK_FOLDER.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="gatehouse-devices: is no folder"):
        devices.lease(["p"])
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_lease_mends_the_mode_of_its_own_folder_and_refuses_that_of_another_user(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    devices.LOCK_FOLDER.mkdir(0o777)  # as left by a process that was killed there
    lease = devices.lease(["p"])
    assert lease
    lease.release()
    assert devices.LOCK_FOLDER.stat().st_mode & 0o7777 == devices.SHARED
    devices.LOCK_FOLDER.chmod(0o755)
    monkeypatch.setattr(os, "getuid", lambda: devices.LOCK_FOLDER.stat().st_uid + 1)
    with pytest.raises(UserError, match=r"has mode 755, but all users .* `chmod 1777"):
        devices.lease(["p"])


def test_lease_of_a_killed_holder_is_released(tmp_path: Path) -> None:
    code = (
        "from flows import devices; import pathlib, sys, time; devices.LOCK_FOLDER = pathlib.Path(sys.argv[1]);"
        "assert devices.lease(['p']); print('held', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(devices.LOCK_FOLDER)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        assert devices.lease(["p"]) is None
        os.kill(holder.pid, signal.SIGKILL)
    again = devices.lease(["p"])
    assert again
    again.release()


def test_lease_is_kept_by_a_child_of_its_holder() -> None:
    lease = devices.lease(["p"])
    assert lease
    code = "print('up', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=[lease.descriptor]
    ) as child:
        assert child.stdout
        child.stdout.readline()
        lease.release()
        assert devices.lease(["p"]) is None
        child.communicate(b"\n")
    again = devices.lease(["p"])
    assert again
    again.release()


def test_run_shares_no_device_with_another_run_on_the_host(toy: Toy, tmp_path: Path) -> None:
    for stage in TRAININGS:
        toy.set("seconds", stage, "2")
    # Two runs at the same time, with more trainings than devices.
    logs = tmp_path / "1", tmp_path / "2"
    names = {f"p-{uuid4()}", f"q-{uuid4()}"}
    options = ("--jobs", "4", "--devices", ",".join(names))
    with (
        toy.start("run", "train@a-x", "train@a-y", *options, log=logs[0]) as one,
        toy.start("run", "train@b-x", "train@b-y", *options, log=logs[1]) as two,
    ):
        assert one.wait(180) == 0, logs[0].read_text()
        assert two.wait(180) == 0, logs[1].read_text()
    holders: dict[str, str] = {}
    used = set()
    for event in toy.events():
        stage, device = event["stage"], event["devices"]
        if stage not in TRAININGS:
            assert device == devices.NO_DEVICE
        elif event["event"] == "began":
            assert device not in holders, f"{stage} shares {device} with {holders[device]}"
            holders[device] = stage
            used.add(device)
        else:
            del holders[device]
    assert used == names
    for name in names:  # of the real folder, which both processes used
        Path("/tmp/gatehouse-devices", f"{name}.lock").unlink()


def test_run_without_a_gpu_says_once_that_it_uses_the_cpu(toy: Toy, run_flows: Flows) -> None:
    done = run_flows(toy, "run", "train", "--jobs", "1")
    assert done.returncode == 0
    assert done.stdout.count("no GPU found: networks run on the CPU") == 1
    data_and_trainings = [event for event in toy.events() if event["stage"] != "code"]
    assert {event["devices"] for event in data_and_trainings} == {None}
    assert {event["threads"] for event in data_and_trainings} == {str(stages.threads_per_stage(1))}


@pytest.mark.parametrize(
    ("stage", "takes"),
    [
        ("train@video-lstm", True),
        ("evaluate@finance-gru", True),
        ("prepare@video", True),
        ("prepare@finance", False),
        ("collect@video", False),
        ("code", False),
    ],
)
def test_stages_that_run_networks_take_a_device(stage: str, takes: bool) -> None:
    assert stages.takes_device(stage) == takes


@pytest.mark.parametrize(("jobs", "threads"), [(1, 8), (2, 4), (3, 2), (4, 2), (8, 1), (16, 1)])
def test_threads_per_stage_divides_the_cores_among_the_jobs(
    monkeypatch: pytest.MonkeyPatch, jobs: int, threads: int
) -> None:
    monkeypatch.setattr(stages, "available_cores", lambda: 8)
    assert stages.threads_per_stage(jobs) == threads
