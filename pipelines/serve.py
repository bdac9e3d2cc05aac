"""`gatehouse serve`: the reports on this machine alone, with byte ranges, without which a browser can neither wind a sound nor a clip."""

import socket
from pathlib import Path

from pipelines import paths, progress
from pipelines.errors import MissingStageError, UsageError

HOST = "127.0.0.1"


def run(port: int, folder: Path = paths.REPORTS) -> None:
    """Serve `folder` until interrupted.

    A `port` of 0 takes any that is free. Raise `MissingStageError` if there is no report, `UsageError` if the port is not to be had.
    """
    if not (folder / "index.html").is_file():
        raise MissingStageError(f"{folder} holds no report: run `make repro`, which writes it")
    if not 0 <= port <= 65535:
        raise UsageError(f"--port {port}: a port is a number from 0 to 65535")
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, port))
        except OSError as error:
            raise UsageError(f"port {port} cannot be used ({error.strerror}): choose another with --port") from error
        import uvicorn
        from starlette.applications import Starlette
        from starlette.routing import Mount
        from starlette.staticfiles import StaticFiles

        site = Starlette(routes=[Mount("/", StaticFiles(directory=folder, html=True))])
        progress.say(f"the reports: http://{HOST}:{listening.getsockname()[1]} (Ctrl+C ends it)")
        server = uvicorn.Server(uvicorn.Config(site, log_level="error", lifespan="off"))
        server.run(sockets=[listening])
