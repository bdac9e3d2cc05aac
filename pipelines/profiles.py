"""Profiles: overlays of `params.yaml` in `profiles/`, smaller for a first look and for tests, larger than the default."""

from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from pipelines import artifacts, params, paths, runs
from pipelines.errors import ParameterError, UsageError

PROFILES = Path("profiles")


def apply(name: str) -> None:
    """Apply a profile to `params.yaml` and update `runs.yaml`; comments are kept.

    A value replaces the one of the same key, a null removes it; a new key is allowed under `models` alone. Raise `UsageError` for a
    profile that does not exist, `ParameterError` for a key that `params.yaml` does not have, and for parameters that would be wrong.
    """
    from ruamel.yaml import YAML

    available = {path.stem: path for path in sorted(PROFILES.glob("*.yaml"))}
    if name not in available:
        raise UsageError(f"there is no profile {name!r}; there are {', '.join(available)}")
    overlay = params.load_yaml(available[name])
    params.values()  # raises an error where there is none to apply it to
    yaml = YAML()
    yaml.width = 140
    values = yaml.load(paths.PARAMS)
    _merge(values, overlay, available[name].as_posix(), ())
    runs.derived(values)  # raises an error before anything is written
    with artifacts.replacing(paths.PARAMS) as partial:
        yaml.dump(values, partial)
    params.values.cache_clear()
    runs.write()


def _merge(values: MutableMapping[str, Any], overlay: Any, file: str, path: tuple[str, ...]) -> None:
    if not isinstance(overlay, dict):
        raise ParameterError(f"{file}: holds no block; write `task: {{part: {{parameter: value}}}}`")
    for key, item in overlay.items():
        location = (*path, key)
        if key not in values and (path[1:] != ("models",) or item is None):
            raise ParameterError(f"{file}: {'.'.join(map(str, location))} is not in params.yaml; correct the profile")
        if item is None:
            del values[key]
        elif isinstance(item, dict) and isinstance(values.get(key), MutableMapping):
            _merge(values[key], item, file, location)
        else:
            values[key] = item
