"""The command line: `python -m flows run | sweep | doctor | server | deploy | worker | trigger | show`."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence

from flows import settings
from pipelines import sweep_options
from pipelines.errors import UsageError, exit_status

COMMANDS = {
    "run": "bring the graph, or what TARGETs need, up to date on this host",
    "sweep": "fit TASK at every point of a grid of cells, units and learning rates, side by side",
    "doctor": "check everything that runs need, and say how to fix what is missing",
    "server": "start a Prefect server",
    "deploy": "create the work pools and register the deployments of prefect.yaml",
    "worker": "start a worker of POOL that runs the code in this folder",
    "trigger": "run a deployment now, wait until it ends and show what it did",
    "show": "show what a run did",
}


def parser(prog: str = "python -m flows") -> argparse.ArgumentParser:
    """The parser of the command line; wrong usage ends with exit status 2."""
    top = argparse.ArgumentParser(
        prog=prog, description="Run DVC's graph with Prefect: side by side here, or on workers and on a schedule."
    )
    top.add_argument("--verbose", action="store_true", help="show the traceback of an error")
    subparsers = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands = {
        name: subparsers.add_parser(name, help=summary, description=summary) for name, summary in COMMANDS.items()
    }

    run = commands["run"]
    run.add_argument("targets", nargs="*", metavar="TARGET", help="stages, groups or outputs of dvc.yaml")
    run.add_argument("--jobs", type=_count, metavar="N", help="stages at a time (default: one per core)")
    run.add_argument(
        "--keep-going",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="after a failure run what does not need the failed stage (default), or start nothing more",
    )
    run.add_argument("--force", action="store_true", help="run every stage, changed or not")
    run.add_argument("--dry", action="store_true", help="only say what would run, and why")
    run.add_argument("--devices", type=_names, metavar="A,B", help="GPUs to use (default: all that the driver lists)")

    sweep = commands["sweep"]
    sweep_options.add(sweep)
    sweep.add_argument("--jobs", type=_count, metavar="N", help="points at a time (default: one per core)")
    sweep.add_argument("--devices", type=_names, metavar="A,B", help="GPUs to use (default: all that the driver lists)")
    sweep.add_argument("--workers", action="store_true", help="send every point to the workers of the pool gpu")

    server = commands["server"]
    server.add_argument("--host", default="127.0.0.1", help="address to listen at (default: %(default)s)")
    server.add_argument("--port", type=_port, default=4200, help="port to listen at (default: %(default)s)")

    worker = commands["worker"]
    worker.add_argument("pool", choices=("gpu", "cpu"), metavar="POOL", help="gpu or cpu")
    worker.add_argument("--name", help="its name on the server (default: host, pool, process)")
    worker.add_argument("--devices", type=_names, metavar="A,B", help="GPUs that it may use (default: all)")
    worker.add_argument("--limit", type=_count, default=1, metavar="N", help="runs at a time (default: %(default)s)")

    trigger = commands["trigger"]
    trigger.add_argument(
        "deployment",
        choices=("reproduce", "nightly", "weekly-full"),
        metavar="DEPLOYMENT",
        help="reproduce, nightly or weekly-full",
    )
    trigger.add_argument(
        "selected", nargs="*", metavar="NAME", help="targets of reproduce, tasks of the others (default: all)"
    )
    trigger.add_argument("--jobs", type=_count, metavar="N", help="stages at a time on each worker")
    trigger.add_argument("--force", action="store_true", help="run every stage, changed or not")
    trigger.add_argument("--no-wait", dest="wait", action="store_false", help="do not wait until it ends")

    commands["show"].add_argument("run", nargs="?", metavar="RUN", help="its name or id (default: the latest)")
    return top


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive whole number")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text[:6]) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: a whole number from 1 to 65535")
    return int(text)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def main(argv: Sequence[str] | None = None, prog: str = "python -m flows") -> int:
    """Run one command; return the exit status."""
    arguments = parser(prog).parse_args(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # SIGTERM ends a run like Ctrl-C
    return exit_status(lambda: _execute(arguments), arguments.verbose)


def _execute(arguments: argparse.Namespace) -> int:
    settings.prepare(os.environ)
    match arguments.command:
        case "run":
            return _run(arguments)
        case "sweep":
            return _sweep(arguments)
        case "doctor":
            from flows import doctor

            return doctor.report()
        case "trigger":
            from flows import runs

            return runs.trigger(
                arguments.deployment, arguments.selected, arguments.jobs, arguments.force, arguments.wait
            )
        case "show":
            from flows import runs

            return runs.show(arguments.run)
    from flows import server

    match arguments.command:
        case "server":
            return server.start(arguments.host, arguments.port)
        case "worker":
            return server.worker(arguments.pool, arguments.name, arguments.devices, arguments.limit)
    return server.deploy()


def _run(arguments: argparse.Namespace) -> int:
    from flows import devices
    from flows.plan import make_plan, plan_in_background

    if arguments.dry:
        make_plan(arguments.targets, arguments.force).show()
        return 0
    gpus = devices.available(arguments.devices)
    planned = plan_in_background(arguments.targets, arguments.force)  # while Prefect is imported and its server starts

    from flows import console, server
    from flows.reproduce import PLANNED, reproduce

    console.quiet_prefect()
    with server.for_a_run():
        if isinstance(planned.exception(), UsageError):
            planned.result()  # an unknown target is wrong usage, not a failed run
        token = PLANNED.set(planned)
        state = reproduce(
            arguments.targets, arguments.jobs, arguments.keep_going, arguments.force, gpus, return_state=True
        )
        PLANNED.reset(token)
    return 0 if state.is_completed() else 1


def _sweep(arguments: argparse.Namespace) -> int:
    from flows import console, devices, server
    from flows.sweep import sweep
    from flows.trials import check

    options = sweep_options.given(arguments)
    check(options)  # a wrong task, model or cell is wrong usage, not a failed run
    gpus = devices.available(arguments.devices)
    console.quiet_prefect()
    with server.connected(server.configured() or server.LOCAL) if arguments.workers else server.for_a_run():
        state = sweep(options, arguments.jobs, gpus, arguments.workers, return_state=True)
    return 0 if state.is_completed() else 1


if __name__ == "__main__":
    sys.exit(main())
