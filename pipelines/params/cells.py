"""The cells that `params.yaml` may name. A new one is a class in `pipelines/nn/cells.py` and a line here."""

from typing import Any

KERAS = {"simple_rnn": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}
"""Name -> Keras's own layer."""

CELLS: dict[str, tuple[str, dict[str, Any]]] = {
    **{name: (layer, {}) for name, layer in KERAS.items()},
    "vanilla": ("LSTMVariantCell", {"variant": "vanilla"}),
    "nig": ("LSTMVariantCell", {"variant": "nig"}),
    "nfg": ("LSTMVariantCell", {"variant": "nfg"}),
    "nog": ("LSTMVariantCell", {"variant": "nog"}),
    "niaf": ("LSTMVariantCell", {"variant": "niaf"}),
    "noaf": ("LSTMVariantCell", {"variant": "noaf"}),
    "cifg": ("LSTMVariantCell", {"variant": "cifg"}),
    "np": ("LSTMVariantCell", {"variant": "np"}),
    "fgr": ("LSTMVariantCell", {"variant": "fgr"}),
    "layernorm": ("LayerNormLSTMCell", {}),
    "mgu": ("MinimalGatedUnitCell", {}),
    "mut1": ("MUTCell", {"mutation": 1}),
    "mut2": ("MUTCell", {"mutation": 2}),
    "mut3": ("MUTCell", {"mutation": 3}),
}
"""Name -> class, and the options that make it this cell."""
MOST_UNITS = 8192
"""Of a layer."""
