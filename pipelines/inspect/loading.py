"""Loading a Keras model that was trained anywhere, without running code that it brings along."""

import importlib
import re
import sys
import traceback
import warnings
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import keras

from pipelines.analysis.explain import reason
from pipelines.analysis.recording import recurrent
from pipelines.errors import InputError
from pipelines.inspect.archive import Archive
from pipelines.report.language import _

OWN = ("attention", "cells", "encoder_decoder", "pooling")
"""Modules of `pipelines.nn` whose layers a model of this project may have."""
UNKNOWN = re.compile(r"Could not locate (?:class|function) '([^']*)'")


def load(path: Path, archive: Archive, code: Path | None) -> tuple[keras.Model, list[str]]:
    """The model in `path`, ready to be called, and what was changed of it, in sentences.

    `code` is a Python file with its own classes, which is run.
    Raise `InputError` for one that would run code by itself, that needs classes that are not there, that has no recurrent layer, or that
    this version of Keras cannot load.
    """
    if archive.lambdas:
        raise InputError(
            f"{path}: holds Python code in {_list(archive.lambdas, 'the Lambda layer')}, which loading would run, and which is never "
            "done; write it as a layer class of your own, save the model again, and name the class's file by --code"
        )
    for module in OWN:
        importlib.import_module(f"pipelines.nn.{module}")
    classes = _run(code) if code else {}
    by_class = {name: classes[kind] for name, kind in archive.custom.items() if kind in classes}
    missing = [
        kind
        for name, kind in archive.custom.items()
        if name not in by_class and keras.saving.get_registered_object(name) is None
    ]
    if missing:
        raise InputError(_unknown(path, missing, code))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            network = keras.saving.load_model(
                path, custom_objects={**classes, **by_class}, compile=False, safe_mode=True
            )
    except Exception as error:  # whatever is in the file, or in the user's classes
        if found := UNKNOWN.findall(str(error)):
            raise InputError(_unknown(path, found, code)) from error
        raise InputError(
            f"{path}: Keras {keras.__version__} cannot load it (written by Keras {archive.keras}; {reason(error)}); load it with the "
            "Keras and the classes that it was made with, and save it again"
        ) from error
    _check(path, network)
    return network, _stateless(network)


def _run(code: Path) -> dict[str, Any]:
    """The classes and functions that a Python file defines or imports; raise `InputError` if it cannot be run."""
    if not code.is_file():
        raise InputError(f"{code}: there is no such file; --code names a Python file")
    spec = spec_from_file_location("inspected_" + re.sub(r"\W", "_", code.stem), code)
    if spec is None or spec.loader is None:
        raise InputError(f"{code}: is not a Python file; its name ends in .py")
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # classes look for the module that they are in
    sys.path.insert(0, str(code.parent.resolve()))  # as when Python runs the file
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        lines = [
            frame.lineno
            for frame in traceback.extract_tb(error.__traceback__)
            if Path(frame.filename).resolve() == code.resolve()
        ]
        line = error.lineno if isinstance(error, SyntaxError) else next(iter(lines), None)
        where = f", line {line}" if line else ""
        raise InputError(
            f"{code}{where}: cannot be run ({reason(error) if isinstance(error, Exception) else 'it ends the program'})"
        ) from error
    return {name: value for name, value in vars(module).items() if callable(value) and not name.startswith("__")}


def _check(path: Path, network: Any) -> None:
    """Raise `InputError` unless `network` is a built model with a recurrent layer."""
    if not isinstance(network, keras.Layer):
        raise InputError(f"{path}: holds no model but an object of {type(network).__name__}")
    if not network.built or not network.weights:
        raise InputError(
            f"{path}: was saved before the model was built, so it has no weights; call it once, or give it a keras.Input, and save it again"
        )
    if not list(recurrent(network, "")):
        kinds = list(dict.fromkeys(type(layer).__name__ for layer in getattr(network, "layers", [network])))
        raise InputError(
            f"{path}: has no recurrent layer, only {', '.join(kinds)}; LSTM, GRU, SimpleRNN or RNN is what can be inspected"
        )


def _stateless(network: keras.Model) -> list[str]:
    """Let every sequence begin with states of zeros; a sentence if there is a layer that did not."""
    stateful = {path: layer for path, layer in recurrent(network, "") if layer.stateful}
    for layer in stateful.values():
        layer.stateful = False
    sentence = _("{layers}: stateful, but here every sequence begins with states of zeros.", layers=", ".join(stateful))
    return [sentence] if stateful else []


def _unknown(path: Path, names: list[str], code: Path | None) -> str:
    where = f"which {code} does not define" if code else "which Keras does not have"
    return f"{path}: needs {_list(names, 'the code of')}, {where}; name the file that defines it by --code, which is then run"


def _list(names: list[str], what: str) -> str:
    return f"{what} {', '.join(dict.fromkeys(names))}"
