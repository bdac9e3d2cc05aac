"""What a message takes over into its translation unchanged: fields of formats, HTML, entities, addresses."""

import re
from collections import Counter
from collections.abc import Sequence

PLACEHOLDER = re.compile(
    r"""
    %\([^()\s]+\)[-#0+]*\d*(?:\.\d+)?[a-zA-Z]               # %(name)s
  | %(?:\d+\$)?[-#0+]*\d*(?:\.\d+)?[diouxXeEfFgGcrs](?!\w)  # %s, %1$d, %.2f
  | %%
  | \{\{.*?\}\} | \{%.*?%\} | \{[^{}\s]*\}                  # {{ name }}, {% tag %}, {name}, {}
  | &(?:[a-zA-Z]+|\#\d+);                                   # &amp;
  | </?[a-zA-Z][^<>]*>                                      # <a href="…">
  | \\[nrt]                                                 # written as two characters
  | (?:https?://|www\.)[^\s<>"']*[\w/]
  | ⟨\d⟩
    """,
    re.VERBOSE,
)
MOST = 9
"""Different placeholders of a pair that are told apart."""
SLOTS = tuple(f"⟨{number}⟩" for number in range(1, MOST + 1))
"""Tokens that stand for the first, second, … different placeholder of a source, so that a network can copy one it has never seen."""


def of(text: str) -> list[str]:
    """The placeholders of a text, in order."""
    return PLACEHOLDER.findall(text)


def different(text: str) -> list[str]:
    """Each placeholder once."""
    return list(dict.fromkeys(of(text)))


def slotted(text: str, order: Sequence[str]) -> str:
    """`text` with a slot in place of each placeholder that is one of the first of `order`."""
    slots = dict(zip(order, SLOTS, strict=False))
    return PLACEHOLDER.sub(lambda found: slots.get(found[0], found[0]), text)


def restored(text: str, order: Sequence[str]) -> str:
    """`text` with the placeholders of `order` in place of their slots; a slot that stands for none is left out."""
    placeholders = dict(zip(SLOTS, order, strict=False))
    return re.sub(r"⟨\d⟩", lambda found: placeholders.get(found[0], ""), text)


def kept(source: str, written: str) -> tuple[int, int]:
    """How many placeholders of `source` are in `written` too, and how many there are in either, each as often as it occurs."""
    theirs, ours = Counter(of(source)), Counter(of(written))
    return (theirs & ours).total(), (theirs | ours).total()
