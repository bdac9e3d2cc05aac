"""Which models of a task differ in nothing but the cell, and in what they are equal: units, or parameters."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

TOLERANCE = 0.02
"""Relative difference of two numbers of parameters that are called equal."""
STACKS = ("recurrent", "encoder", "decoder")
MIXED = "mixed"


def cell(model: Mapping[str, Any]) -> str:
    """The cell of all recurrent layers of a model's parameters, or `mixed`."""
    cells = {layer["cell"] for stack in STACKS for layer in model.get(stack, ())}
    return cells.pop() if len(cells) == 1 else MIXED


def bidirectional(model: Mapping[str, Any]) -> bool:
    """Whether a layer reads backwards what a forecast could not know; an encoder has its whole source."""
    return any(layer["bidirectional"] for layer in model.get("recurrent", ()))


def fair(models: Mapping[str, Mapping[str, Any]], parameters: Mapping[str, int]) -> list[dict[str, Any]]:
    """Pairs of models that differ in the cell alone, apart from units and a budget of parameters.

    `models` are the parameters of each as plain values, `parameters` the number that each really has without embeddings, which would hide
    a difference. `equal` lists what is equal:
    `units`, `parameters` (to within 2 %), or both.
    """
    found = []
    for one, other in combinations(models, 2):
        cells = [cell(models[name]) for name in (one, other)]
        if cells[0] == cells[1] or MIXED in cells or _rest(models[one]) != _rest(models[other]):
            continue
        equal = []
        budgets = any(models[name].get(key) is not None for name in (one, other) for key in ("parameters", "match"))
        if not budgets and _units(models[one]) == _units(models[other]):
            equal.append("units")
        if abs(parameters[one] - parameters[other]) <= TOLERANCE * max(parameters[one], parameters[other]):
            equal.append("parameters")
        if equal:
            found.append({"models": [one, other], "cells": cells, "equal": equal})
    return found


def _rest(model: Mapping[str, Any]) -> dict[str, Any]:
    """Everything but cells, their own options, units and budget."""
    own = {"cell", "units", "forget_bias"}
    rest = {key: value for key, value in model.items() if key not in (*STACKS, "parameters", "match")}
    stacks = {
        stack: [{key: value for key, value in layer.items() if key not in own} for layer in model[stack]]
        for stack in STACKS
        if stack in model
    }
    return rest | stacks


def _units(model: Mapping[str, Any]) -> list[int]:
    return [layer["units"] for stack in STACKS for layer in model.get(stack, ())]
