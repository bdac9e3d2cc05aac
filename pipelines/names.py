"""Names that become files, folders, links and words of a command: what they may be, and how a free text becomes one."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable

from pipelines.printing import STEERING

LONGEST = 100
"""Bytes of a name: file systems take 255, and suffixes are added."""
IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
RESERVED = re.compile(r"index|comparison|true|false|null|con|prn|aux|nul|(com|lpt)\d", re.IGNORECASE)
"""Names of the project's own files beside those of models, words that YAML takes for other values, and devices of Windows."""
CONTROL = re.compile(rf"[\t\n]|{STEERING.pattern}")


def fault_of_identifier(name: str) -> str | None:
    """Why `name` cannot be that of a task or model, as a sentence about it, or None."""
    if not IDENTIFIER.fullmatch(name):
        return "a name begins with a letter from a to z and has only such letters, digits, _ and -"
    if RESERVED.fullmatch(name):
        return "this name is reserved; choose another one"
    return _length_fault(name)


def fault_of_target(name: str) -> str | None:
    """The same for a target, whose name may be in any language."""
    return fault(name) or _length_fault(name)


def fault(name: str) -> str | None:
    """The same for a part of the data, such as a symbol or a style: what a user's file or folder is called."""
    if not name.strip():
        return "there is nothing but space in it"
    if not is_text(name):
        return "it is not in UTF-8"
    if CONTROL.search(name):
        return "there are control characters in it"
    if "/" in name or "\\" in name:
        return "there is a / or \\ in it"
    if name != name.strip() or name.startswith(".") or name.endswith("."):
        return "it begins or ends with a space or a dot"
    return None


def _length_fault(name: str) -> str | None:
    size = len(name.encode(errors="surrogatepass"))
    return f"it has {size} bytes; a name has at most {LONGEST}" if size > LONGEST else None


def alike(names: Iterable[str]) -> tuple[str, str] | None:
    """The first two of different `names` that some file systems take for the same, or None."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(unicodedata.normalize("NFC", name).casefold(), name)
        if other != name:
            return other, name
    return None


def slug(text: str) -> str:
    """A column's or file's name as the name of a target: lower case, words joined by `_`; a long one is cut, with a hash of all of it."""
    plain = unicodedata.normalize("NFC", text).strip().lower()
    return shortened(re.sub(r"\W+", "_", plain).strip("_") or "series", LONGEST, "_")


def shortened(name: str, longest: int, joint: str) -> str:
    """`name` in at most `longest` bytes: a longer one is cut and ends in `joint` and a hash, which distinguishes it from others."""
    if len(name.encode()) <= longest:
        return name
    mark = f"{joint}{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    return name.encode()[: longest - len(mark)].decode(errors="ignore") + mark


def is_text(text: str) -> bool:
    """Whether `text` has no surrogates, as which Python shows bytes of names, arguments and files that are not UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
