"""The command line: `gatehouse COMMAND`, the commands of `flows` and `pipelines`."""

import argparse
import sys
from collections.abc import Sequence

from flows.__main__ import COMMANDS
from flows.__main__ import main as flows_main
from pipelines.__main__ import EXPORT, INSPECT, PREDICT, PROFILE, RUNS, SERVE, STAGES, TRIALS
from pipelines.__main__ import main as pipelines_main

GROUPS = {
    "run the graph": {name: COMMANDS[name] for name in ("run", "doctor")},
    "search hyper-parameters": {"sweep": COMMANDS["sweep"], "trials": TRIALS},
    "on workers and on a schedule": {
        name: COMMANDS[name] for name in ("server", "deploy", "worker", "trigger", "show")
    },
    "use a trained network": {"predict": PREDICT, "inspect": INSPECT, "export": EXPORT},
    "look at the reports": {"serve": SERVE},
    "set up what runs": {"profile": PROFILE, "runs": RUNS},
    "run a single stage (`run` runs all that are out of date)": STAGES,
}


def parser() -> argparse.ArgumentParser:
    """Parse the command and show the help of all; the package to which the command belongs parses its arguments."""
    names = [name for group in GROUPS.values() for name in group]
    width = max(map(len, names))
    groups = [
        "\n".join([f"{title}:", *(f"  {name:<{width}}  {summary}" for name, summary in group.items())])
        for title, group in GROUPS.items()
    ]
    top = argparse.ArgumentParser(
        prog="gatehouse",
        usage="gatehouse [-h] [--verbose] COMMAND ...",
        description="A laboratory for gated recurrent networks. `gatehouse COMMAND --help` says more about a command.",
        epilog="\n\n".join(groups),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--verbose", action="store_true", help="show the traceback of an error")
    top.add_argument("command", choices=names, metavar="COMMAND", help=argparse.SUPPRESS)
    top.add_argument("rest", nargs=argparse.REMAINDER, metavar="...", help=argparse.SUPPRESS)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status."""
    arguments = parser().parse_args(argv)
    command = ["--verbose"] * arguments.verbose + [arguments.command, *arguments.rest]
    package_main = flows_main if arguments.command in COMMANDS else pipelines_main
    return package_main(command, prog="gatehouse")


if __name__ == "__main__":
    sys.exit(main())
