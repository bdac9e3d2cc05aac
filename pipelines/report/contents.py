"""What the pages say of each other: the menu of problems, and the headings among which a reader searches."""

import html
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HEADING = re.compile(r'\bid="([^"]*)"|<h([1234])[^>]*>(.*?)</h\2>', re.DOTALL)
TAG = re.compile(r"<[^>]+>")


def headings(page: str) -> list[list[str]]:
    """The headings of a page as [text, fragment]; the first is that of the page itself.

    A heading is found under the last identifier before it, which is that of the section or the chart that it begins.
    """
    found: list[list[str]] = []
    identifier = ""
    for named, level, text in HEADING.findall(page[page.index("<main") :]):
        if not level:
            identifier = html.unescape(named)
            continue
        words = " ".join(html.unescape(TAG.sub("", text)).split())
        found.append([words, identifier if found else ""])
    return found


def write(path: Path, reports: Path, summaries: Sequence[dict[str, Any]], others: Sequence[str]) -> None:
    """`site.<language>.js`: of all tasks: the menu, and the headings of their pages and of `others`, which are in the folder `reports`."""
    tasks = [
        [summary["title"], f"tasks/{summary['task']}", list(summary["comparison"]["models"])] for summary in summaries
    ]
    pages = {
        f"tasks/{summary['task']}/{name}": found for summary in summaries for name, found in summary["contents"].items()
    }
    pages |= {name: headings((reports / name).read_text(encoding="utf-8")) for name in others}
    entries = [
        [text, f"{name}#{fragment}" if fragment else name, "" if index == 0 else found[0][0]]
        for name, found in pages.items()
        for index, (text, fragment) in enumerate(found)
    ]
    content = json.dumps({"tasks": tasks, "entries": entries}, ensure_ascii=False, separators=(",", ":"))
    path.write_text(f"window.site = {content};\n", encoding="utf-8")
