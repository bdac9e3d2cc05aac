"""Placeholders, capitals and sub-words: what a text goes through on its way into a network and back."""

from pathlib import Path

import pytest

from pipelines import artifacts
from pipelines.tasks.translation import placeholders, subwords
from pipelines.tasks.translation.capitals import lowered, raised
from pipelines.tasks.translation.subwords import Subwords

# Placeholders


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("%(count)s of %s", ["%(count)s", "%s"]),
        ("%(size).1f MB, %5d and %-3s", ["%(size).1f", "%5d", "%-3s"]),
        ("100%% sure", ["%%"]),
        ("50% discount, 5 %of it", []),
        ("{name} in {0} or {}", ["{name}", "{0}", "{}"]),
        ("{{ user.name }} {% now 'Y' %}", ["{{ user.name }}", "{% now 'Y' %}"]),
        ("AT&amp;T &#39; R&D;", ["&amp;", "&#39;", "&D;"]),
        ('<a href="%(url)s">here</a><br/>', ['<a href="%(url)s">', "</a>", "<br/>"]),
        ("a < b > c", []),
        (r"one\ntwo", [r"\n"]),
        ("see https://example.org/a?b=c.", ["https://example.org/a?b=c"]),
    ],
)
def test_placeholders_are_found_whole(text: str, found: list[str]) -> None:
    assert placeholders.of(text) == found


def test_slots_stand_for_different_placeholders_and_are_put_back() -> None:
    source = "Move %(a)s to <b>%(b)s</b>, not %(a)s"
    order = placeholders.different(source)
    assert placeholders.slotted(source, order) == "Move ⟨1⟩ to ⟨2⟩⟨3⟩⟨4⟩, not ⟨1⟩"
    assert placeholders.restored("⟨3⟩ ⟨1⟩ ⟨9⟩", order) == "%(b)s %(a)s "


def test_a_text_that_contains_a_slot_gets_it_back() -> None:
    source = "⟨2⟩ and %s"
    order = placeholders.different(source)
    assert placeholders.restored(placeholders.slotted(source, order), order) == source


@pytest.mark.parametrize(
    ("written", "kept"), [("%s {x}", (2, 2)), ("{x}", (1, 2)), ("%s %s {x}", (2, 3)), ("", (0, 2)), ("%d {x}", (1, 3))]
)
def test_kept_placeholders_are_counted_as_often_as_they_occur(written: str, kept: tuple[int, int]) -> None:
    assert placeholders.kept("%s {x}", written) == kept


# Capitals


@pytest.mark.parametrize(
    ("text", "language", "small"),
    [
        ("Save changes", "en", "save changes"),
        ("İptal et", "tr", "iptal et"),
        ("Işık", "tr", "ışık"),
        ("URL of it", "en", "URL of it"),
        ("JavaScript", "en", "JavaScript"),
        ("“Yes”", "en", "“yes”"),
        ("⟨1⟩ Pages", "en", "⟨1⟩ Pages"),
        ("123", "en", "123"),
        ("", "en", ""),
    ],
)
def test_the_first_letter_is_small_for_the_network(text: str, language: str, small: str) -> None:
    assert lowered(text, language) == small


@pytest.mark.parametrize(
    ("text", "source", "language", "large"),
    [
        ("iptal et", "Cancel", "tr", "İptal et"),
        ("ışık", "Light", "tr", "Işık"),
        ("in", "In", "en", "In"),
        ("iptal et", "cancel", "tr", "iptal et"),
        ("“evet”", "“Yes”", "tr", "“Evet”"),
        ("", "Yes", "tr", ""),
    ],
)
def test_the_first_letter_is_a_capital_where_that_of_the_source_is(
    text: str, source: str, language: str, large: str
) -> None:
    assert raised(text, source, language) == large


# Sub-words


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Subwords:
    folder = tmp_path_factory.mktemp("subwords")
    artifacts.write_json(folder / subwords.LANGUAGES, {"source": "en", "target": "tr"})
    words = ["save", "changes", "delete", "page", "pages", "user", "⟨1⟩"]
    rows = [f"{one} {other} ⟨1⟩" for one in words for other in words] + ["⟨1⟩ ⟨2⟩ users"]
    subwords.fit("source", rows, 60, folder)
    subwords.fit("target", ["değişiklikleri kaydet ⟨1⟩", "⟨1⟩ sayfasını sil ⟨2⟩", "iptal"] * 5, 60, folder)
    return Subwords(folder)


@pytest.mark.parametrize("text", ["Değişiklikleri kaydet", "%(name)s sayfasını sil", "İptal", "sil %s {x} kaydet"])
def test_a_text_survives_the_way_into_tokens_and_back(tokenizer: Subwords, text: str) -> None:
    source = "Delete %(name)s %s {x}" if text[0] != "s" else "delete %s {x}"
    assert tokenizer.text(tokenizer.target(text, source), source) == text


def test_a_placeholder_that_training_has_never_seen_is_one_token(tokenizer: Subwords) -> None:
    assert tokenizer.source("Delete {never_seen_before}")[-1] == "⟨1⟩"


def test_placeholders_beyond_the_slots_of_training_stay_as_they_are(tokenizer: Subwords) -> None:
    assert tokenizer.slots == 2
    assert "⟨3⟩" not in "".join(tokenizer.source("{a} {b} {c}"))


def test_fit_gives_the_same_bytes_every_time(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        subwords.fit("source", ["save changes", "delete pages"] * 9, 40, tmp_path / name)
    assert (tmp_path / "one" / "source.model").read_bytes() == (tmp_path / "two" / "source.model").read_bytes()


@pytest.mark.parametrize(
    "text",
    ["a", "日本語", "⟨1⟩", "".join(map(chr, range(0x4E00, 0x5000))), "x" * 9000],
    ids=lambda text: f"{len(text)}",
)
def test_fit_takes_any_training_texts(tmp_path: Path, text: str) -> None:
    subwords.fit("source", [text], 50, tmp_path)
