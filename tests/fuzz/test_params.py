"""Any value anywhere in `params.yaml` is a valid one or ends in a sentence."""

import functools
from copy import deepcopy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from pipelines import runs
from pipelines.errors import ParameterError
from tests.conftest import ROOT

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=40),
    st.sampled_from([-1, 0, 10**18, 1e300, "index", "../x", "9" * 200, "2013-13-45", "\x1b[31m"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=9), inner, max_size=4)),
    max_leaves=9,
)
PATHS = st.lists(st.integers(0, 30), min_size=1, max_size=7)


@functools.cache
def _default() -> Any:
    return YAML(typ="safe").load(ROOT / "params.yaml")


def _set(values: Any, path: list[int], key: str | None, value: Any) -> None:
    """Follow `path` as far as it leads, then put `value` under a key that is there, or under `key`."""
    for index, step in enumerate(path):
        places = list(values) if isinstance(values, dict) else range(len(values))
        place = places[step % len(places)]
        if index + 1 == len(path) or not values[place] or not isinstance(values[place], dict | list):
            values[key if key is not None and isinstance(values, dict) else place] = value
            return
        values = values[place]


@given(PATHS, st.none() | st.text(max_size=40), VALUES)
def test_params_any_change_is_valid_or_ends_in_a_sentence(path: list[int], key: str | None, value: Any) -> None:
    blocks = deepcopy(_default())
    _set(blocks, path, key, value)
    sentence = "params.yaml: "
    try:
        runs.derived(blocks)
    except ParameterError as error:
        sentence = str(error)
    assert sentence.startswith("params.yaml: ")
    assert len(sentence) < 1000
    assert sentence.isprintable()
