"""Prefect's settings: environment variables, set before Prefect is imported, so that every process of a run has the same.

Prefect itself would read those of `pyproject.toml` from the current folder alone.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pipelines.errors import UsageError

ADDRESS = "PREFECT_API_URL"
PYPROJECT = Path(__file__).parent.parent / "pyproject.toml"


def prepare(environ: MutableMapping[str, str]) -> None:
    """Set what the user's environment leaves open, no telemetry among it, and take credentials out of Prefect's address.

    They go where nothing prints them. Raises `UsageError` for an address that cannot be one.
    """
    settings = tomllib.loads(PYPROJECT.read_text())["tool"]["prefect"]
    for name, value in {"DO_NOT_TRACK": "1", **dict(_variables("PREFECT", settings))}.items():
        environ.setdefault(name, value)
    address = environ.get(ADDRESS, "")
    if not address:
        return
    check(address)
    parts = urlsplit(address)
    user_and_password, _, host = parts.netloc.rpartition("@")
    if user_and_password:
        environ.setdefault("PREFECT_API_AUTH_STRING", unquote(user_and_password))
        environ[ADDRESS] = parts._replace(netloc=host).geturl()


def _variables(prefix: str, table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """`PREFECT_FLOWS_HEARTBEAT_FREQUENCY`, `30` from `{"flows": {"heartbeat_frequency": 30}}`."""
    for key, value in table.items():
        name = f"{prefix}_{key.upper()}"
        if isinstance(value, Mapping):
            yield from _variables(name, value)
        else:
            yield name, str(value)


def check(address: str) -> None:
    """Raise `UsageError` unless `address` can be that of a Prefect server."""
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port that is no number or too large, a bracket without its other
        usable = False
    if not usable or not address.isprintable() or " " in address:
        shown = hide_credentials(address if "://" in address else f"://{address}").removeprefix("://")
        raise UsageError(
            f"{ADDRESS} is {shown!r}, which is not the address of a Prefect server: it has the form http://HOST:PORT/api; "
            "correct it, or unset it"
        )


def hide_credentials(text: str) -> str:
    """`text` with `***` in place of what an address in it may have as credentials: user and password, and query."""
    text = re.sub(r"(?<=://)[^\s'\"]*@", "***@", text)
    return re.sub(r"(://[^\s'\"?]*\?)[^\s'\")]*[^\s'\").,;:]", r"\1***", text)
