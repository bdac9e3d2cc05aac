"""The forms in which people write a date or a time, and the formats that each may be meant in."""

import re
from collections.abc import Iterator

MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
LONG_MONTH = "(?:january|february|march|april|june|july|august|september|october|november|december)"
OFFSET = r" ?(?:Z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)"
ZONED = rf"(:[0-9]{{2}}(?:\.[0-9]+)?|[T ][0-9]{{4}}(?:[0-9]{{2}})?){OFFSET}$"
"""The end of a time with its offset from UTC."""
CLOCK_OF_DAY = re.compile(r"[0-9]{1,2}(?:[:.][0-9]{2}){1,2}(?:\.[0-9]+)?(?: ?[AaPp]\.?[Mm]\.?)?")
"""A time without a day."""
PARTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"[0-9]{4}([-/.])[0-9]{1,2}\1[0-9]{1,2}", ("%Y{0}%m{0}%d",)),
    (r"[0-9]{1,2}(\.)[0-9]{1,2}\1[0-9]{4}", ("%d{0}%m{0}%Y",)),
    (r"[0-9]{1,2}([-/])[0-9]{1,2}\1[0-9]{4}", ("%d{0}%m{0}%Y", "%m{0}%d{0}%Y")),
    (rf"[0-9]{{1,2}}([-/ .]){MONTH}\1[0-9]{{4}}", ("%d{0}%b{0}%Y",)),
    (rf"[0-9]{{2}}(){MONTH}[0-9]{{4}}", ("%d%b%Y",)),
    (rf"[0-9]{{1,2}}([-/ .]){LONG_MONTH}\1[0-9]{{4}}", ("%d{0}%B{0}%Y",)),
    (rf"{MONTH}()\.? [0-9]{{1,2}}(?P<comma>,?) [0-9]{{4}}", ("%b %d, %Y", "%b %d %Y", "%B %d, %Y", "%b. %d, %Y")),
    (rf"{LONG_MONTH}()\.? [0-9]{{1,2}}(?P<comma>,?) [0-9]{{4}}", ("%B %d, %Y", "%B %d %Y")),
    (rf"[0-9]{{4}}([-/ ]){MONTH}\1[0-9]{{1,2}}", ("%Y{0}%b{0}%d",)),
    (rf"{MONTH}([-/ ])[0-9]{{4}}", ("%b{0}%Y", "%B{0}%Y")),
    (rf"{LONG_MONTH}([-/ ])[0-9]{{4}}", ("%B{0}%Y",)),
    (rf"[0-9]{{4}}([-/ ]){MONTH}", ("%Y{0}%b", "%Y{0}%B")),
    (rf"[0-9]{{4}}([-/ ]){LONG_MONTH}", ("%Y{0}%B",)),
    (r"[0-9]{4}([-/])[0-9]{1,2}", ("%Y{0}%m",)),
    (r"[0-9]{1,2}([-/])[0-9]{4}", ("%m{0}%Y",)),
    (r"()[0-9]{8}", ("%Y%m%d",)),
    (r"()[0-9]{4}M[0-9]{2}", ("%YM%m",)),
)
"""Forms of a date, and the formats that may be meant; `{0}` is the mark between the parts."""
TIMES: tuple[tuple[str, str], ...] = (
    (r"", ""),
    (r"[0-9]{1,2}:[0-9]{2}", "%H:%M"),
    (r"[0-9]{1,2}:[0-9]{2}:[0-9]{2}", "%H:%M:%S"),
    (r"[0-9]{1,2}:[0-9]{2}:[0-9]{2}\.[0-9]+", "%H:%M:%S.%f"),
    (r"[0-9]{1,2}\.[0-9]{2}\.[0-9]{2}", "%H.%M.%S"),
    (r"[0-9]{1,2}:[0-9]{2} [ap]m", "%I:%M %p"),
    (r"[0-9]{1,2}:[0-9]{2}[ap]m", "%I:%M%p"),
    (r"[0-9]{1,2}:[0-9]{2}:[0-9]{2} [ap]m", "%I:%M:%S %p"),
    (r"[0-9]{1,2} [ap]m", "%I %p"),
    (r"[0-9]{2}", "%H"),
    (r"[0-9]{4}", "%H%M"),
    (r"[0-9]{6}", "%H%M%S"),
)
WEEKDAYS = (
    (r"(?:mon|tue|wed|thu|fri|sat|sun)(?P<mark>,?) ", "%a"),
    (r"(?:mon|tues|wednes|thurs|fri|satur|sun)day(?P<mark>,?) ", "%A"),
)
QUARTER = r"(?:(?P<year>[0-9]{4})[- /:]?Q(?P<quarter>[1-4])|Q(?P<quarter2>[1-4])[- /:]?(?P<year2>[0-9]{4}))"
WEEK = r"(?P<year>[0-9]{4})-?W(?P<week>[0-9]{2})(?:-?(?P<day>[1-7]))?"
SPOKEN = {
    "%Y": "YYYY",
    "%m": "MM",
    "%d": "DD",
    "%b": "Mon",
    "%B": "Month",
    "%H": "HH",
    "%I": "HH",
    "%M": "MM",
    "%S": "SS",
} | {"%f": "ffffff", "%p": "AM/PM", "%a": "Day", "%A": "Weekday"}


def spoken(written: str) -> str:
    """A format of `strftime` as people say it."""
    return re.sub("%[a-zA-Z]", lambda found: SPOKEN.get(found.group(), found.group()), written)


def looks_dated(text: str) -> bool:
    """Whether a text is in one of the forms of a date with a month, quarter or week."""
    text = tidy_text(text)
    body = re.sub(ZONED, r"\1", text)
    return bool(
        next(formats(body), None)
        or re.fullmatch(QUARTER, text, re.IGNORECASE)
        or re.fullmatch(WEEK, text, re.IGNORECASE)
    )


def tidy_text(text: str) -> str:
    """Without no-break spaces and spaces at its ends."""
    return re.sub(r"\s+", " ", text).strip()


def formats(text: str) -> Iterator[str]:
    """The formats (of `strftime`) in which a text without an offset may be written: two where day and month cannot be told."""
    before = ""
    for pattern, mark in WEEKDAYS:
        if found := re.match(pattern, text, re.IGNORECASE):
            before, text = f"{mark}{found['mark']} ", text[found.end() :]
            break
    for date, dates in PARTS:
        found = re.match(date, text, re.IGNORECASE)
        if not found:
            continue
        rest = text[found.end() :]
        joint = next(
            (joint for joint in ("T", " ", ", ", ":", "") if rest.startswith(joint) and (joint or not rest)), None
        )
        if joint is None:
            continue
        for clock, time in TIMES:
            if bool(time) == bool(rest) and re.fullmatch(clock, rest[len(joint) :], re.IGNORECASE):
                for written in dates:
                    yield f"{before}{written.format(found[1])}{joint}{time}"


def looks_like_date(text: str) -> bool:
    """Whether a text is meant as a date or time, perhaps in a form that is not read."""
    begins = rf"-?[0-9]{{1,4}}[-/.][0-9]{{1,2}}[-/.][0-9]{{1,4}}|[0-9]{{1,2}}[-/ .]{MONTH}"
    return bool(re.match(begins, text.strip(), re.IGNORECASE)) or "24:00" in text


def spans_two_years(text: str) -> bool:
    """Whether a text is one such as 2001/02."""
    found = re.fullmatch(r"[0-9]{2}([0-9]{2})[-/]([0-9]{2})", text)
    return found is not None and int(found[2]) == (int(found[1]) + 1) % 100
