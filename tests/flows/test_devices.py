"""GPU slots, with pretended devices."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from flows import devices, stages
from pipelines.errors import UsageError
from tests.conftest import ROOT
from tests.flows.conftest import Toy

TRAININGS = ["train@a-x", "train@a-y", "train@b-x", "train@b-y"]


def driver(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """An `nvidia-smi` that is found first."""
    tool = folder / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.fixture(autouse=True)
def own_leases_and_no_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "LEASES", tmp_path / "leases")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    driver(tmp_path, monkeypatch, "exit 9")


def test_devices_are_what_the_driver_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    driver(tmp_path, monkeypatch, "echo GPU-1111; echo GPU-2222")
    assert devices.found() == ["GPU-1111", "GPU-2222"]


def test_a_driver_that_fails_means_no_devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    driver(tmp_path, monkeypatch, "echo NVIDIA-SMI has failed; exit 9")
    assert devices.found() == []


@pytest.mark.parametrize("name", ["1", "GPU-2222", "GPU-22"])
def test_a_device_has_one_name_and_so_one_lease_by_whatever_name_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    driver(tmp_path, monkeypatch, "echo GPU-1111; echo GPU-2222")
    assert devices.found([name]) == devices.found([name, "1"]) == ["GPU-2222"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", name)
    assert devices.found() == ["GPU-2222"]
    mine = devices.lease(devices.found())
    assert mine
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    other = devices.lease(devices.found())
    assert other
    assert other.device == "GPU-1111"
    mine.release()
    other.release()


@pytest.mark.parametrize("name", ["2", "GPU-", "GPU-3", "first"])
def test_a_device_that_is_not_there_is_wrong_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    driver(tmp_path, monkeypatch, "echo GPU-1111; echo GPU-2222")
    with pytest.raises(UsageError, match=f"no GPU '{name}' on this host: .* 0 .GPU-1111., 1 .GPU-2222."):
        devices.found([name])


@pytest.mark.parametrize("command", [["run", "train"], ["worker", "gpu"]])
def test_commands_say_that_a_device_is_not_there(
    toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    driver(tmp_path, monkeypatch, "echo GPU-1111")
    done = toy.flows(*command, "--devices", "1")
    assert done.returncode == 2
    assert done.stderr.startswith("error: there is no GPU '1' on this host")
    assert toy.ran() == []


def test_the_doctor_says_that_a_device_is_not_there(toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    driver(tmp_path, monkeypatch, "echo GPU-1111")
    done = toy.flows("doctor", CUDA_VISIBLE_DEVICES="1")
    assert done.returncode == 1
    assert "✗ TensorFlow" in done.stdout
    assert "there is no GPU '1'" in done.stdout
    assert "set CUDA_VISIBLE_DEVICES" in done.stdout


@pytest.mark.parametrize(("visible", "left"), [("3,-1,1", ["3"]), ("3,1", ["3", "1"]), ("", []), ("-1", [])])
def test_what_is_hidden_from_this_process_is_not_leased(
    monkeypatch: pytest.MonkeyPatch, visible: str, left: list[str]
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert devices.found() == left


def test_a_device_is_leased_once_until_it_is_given_back() -> None:
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


def test_the_lease_of_a_killed_holder_comes_back(tmp_path: Path) -> None:
    code = (
        "from flows import devices; import time; assert devices.lease(['p']); print('held', flush=True); time.sleep(60)"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    devices.LEASES = tmp_path / "gatehouse-devices"
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=environment, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        assert devices.lease(["p"]) is None
        os.kill(holder.pid, signal.SIGKILL)
    back = devices.lease(["p"])
    assert back
    back.release()


def test_a_child_of_the_holder_keeps_the_lease() -> None:
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
    back = devices.lease(["p"])
    assert back
    back.release()


def test_no_two_trainings_share_a_device_and_data_stages_see_none(toy: Toy, tmp_path: Path) -> None:
    for stage in TRAININGS:
        toy.set("seconds", stage, "2")
    # Two runs on one host, more trainings than devices.
    with (
        toy.start(
            "run", "train@a-x", "train@a-y", "--jobs", "4", "--devices", "p,q", log=tmp_path / "1", TMPDIR=str(tmp_path)
        ) as one,
        toy.start(
            "run", "train@b-x", "train@b-y", "--jobs", "4", "--devices", "p,q", log=tmp_path / "2", TMPDIR=str(tmp_path)
        ) as two,
    ):
        assert one.wait(120) == 0, (tmp_path / "1").read_text()
        assert two.wait(120) == 0, (tmp_path / "2").read_text()
    holders: dict[str, str] = {}
    used = set()
    for event in toy.events():
        stage, device = event["stage"], event["devices"]
        if stage not in TRAININGS:
            assert device == devices.NONE
        elif event["event"] == "began":
            assert device not in holders, f"{stage} shares {device} with {holders[device]}"
            holders[device] = stage
            used.add(device)
        else:
            del holders[device]
    assert used == {"p", "q"}


def test_without_a_gpu_it_runs_on_the_cpu_and_says_so_once(toy: Toy) -> None:
    done = toy.flows("run", "train", "--jobs", "2")
    assert done.returncode == 0
    assert done.stdout.count("no GPU here") == 1
    assert {event["devices"] for event in toy.events()} == {None}


@pytest.mark.parametrize(("jobs", "threads"), [(1, 8), (2, 4), (3, 2), (4, 2), (8, 1), (16, 1)])
def test_the_cores_are_divided_among_the_jobs(monkeypatch: pytest.MonkeyPatch, jobs: int, threads: int) -> None:
    monkeypatch.setattr(stages, "cores", lambda: 8)
    assert stages.threads_each(jobs) == threads


def test_a_stage_is_told_its_share_of_the_cores(toy: Toy) -> None:
    assert toy.flows("run", "collect@a", "--jobs", "1").returncode == 0
    assert [event["threads"] for event in toy.events()] == [str(stages.threads_each(1))] * 2
