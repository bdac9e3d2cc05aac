"""Profiles: overlays of `params.yaml` in `profiles/`, for a first look, for tests, for more than the default."""

from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from pipelines import artifacts, params, paths, runs
from pipelines.errors import ParameterError, UsageError

PROFILES = Path("profiles")


def apply(name: str) -> None:
    """Lay a profile over `params.yaml` and derive `runs.yaml` anew; comments stay.

    A value replaces the one at its place, a null removes it; a new key is allowed under `models` alone. Raise `UsageError` for a
    profile that is not there, `ParameterError` for a key that `params.yaml` does not have.
    """
    from ruamel.yaml import YAML

    overlay = PROFILES / f"{name}.yaml"
    if not overlay.exists():
        there = ", ".join(sorted(path.stem for path in PROFILES.glob("*.yaml")))
        raise UsageError(f"there is no profile {name!r}; there are {there}")
    yaml = YAML()
    yaml.width = 140
    values = yaml.load(paths.PARAMS)
    _merge(values, YAML(typ="safe").load(overlay), overlay.as_posix(), ())
    with artifacts.replacing(paths.PARAMS) as partial:
        yaml.dump(values, partial)
    params.values.cache_clear()
    runs.write()


def _merge(values: MutableMapping[str, Any], overlay: dict[str, Any], where: str, path: tuple[str, ...]) -> None:
    for key, item in overlay.items():
        place = (*path, key)
        if key not in values and path[1:] != ("models",):
            raise ParameterError(f"{where}: {'.'.join(place)} is not in params.yaml; correct the profile")
        if item is None:
            del values[key]
        elif isinstance(item, dict) and isinstance(values.get(key), MutableMapping):
            _merge(values[key], item, where, place)
        else:
            values[key] = item
