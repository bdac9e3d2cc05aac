"""Texts and pairs of texts: any letters, any bytes."""

import shutil
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines import params
from pipelines.predict import check_texts, read_lines
from pipelines.sources import pairs
from pipelines.tasks.language import collect as language_collect
from pipelines.tasks.language import data as language_data
from pipelines.tasks.language import prepare as language_prepare
from pipelines.tasks.language.params import Params as LanguageParams
from pipelines.tasks.numbers import collect as numbers_collect
from pipelines.tasks.numbers import data as numbers_data
from pipelines.tasks.numbers import prepare as numbers_prepare
from pipelines.tasks.numbers.params import Params as NumbersParams
from pipelines.tasks.translation import collect as translation_collect
from pipelines.tasks.translation import data as translation_data
from pipelines.tasks.translation import prepare as translation_prepare
from pipelines.tasks.translation.params import Params as TranslationParams
from tests.conftest import ROOT
from tests.fuzz.bounds import success_or_sentence

LANGUAGE = params.block("language", LanguageParams, ROOT / "params.yaml")
NUMBERS = params.block("numbers", NumbersParams, ROOT / "params.yaml")
TRANSLATION = params.block("translation", TranslationParams, ROOT / "params.yaml")
ODD = st.sampled_from(
    ["\ufeff", "\x00", "\u2028", "\x85", "\x0c", "\r", "�", "🐺", "é", "İ", "ﬁ", "\u202e", "\ud800", "(end)", "\t", " "]
)
TEXT = st.lists(st.text(max_size=30) | ODD, max_size=30).map("".join)
"""With surrogates, as which Python shows bytes that are not UTF-8."""


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode("utf-8", errors="surrogatepass"))
    return path


def fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


@given(text=TEXT, times=st.sampled_from([1, 40]), unit=st.sampled_from(["characters", "words"]))
def test_any_text_is_read_or_refused_in_a_sentence(
    tmp_path: Path, text: str, times: int, unit: Literal["characters", "words"]
) -> None:
    path = write(tmp_path / "a.txt", text * times)
    raw, prepared = fresh(tmp_path / "raw"), fresh(tmp_path / "prepared")
    sizes = LANGUAGE.prepare.model_copy(update={"unit": unit, "window": 8, "min_count": 1})

    def all_stages() -> None:
        language_collect.collect(LANGUAGE.collect, [path], raw)
        meta = language_prepare.prepare(raw, sizes, prepared)
        encoded, _ = language_data.encode(text, meta)
        assert encoded.max() < len(meta.text.vocabulary)
        tokens = language_data.tokens_of(prepared, meta, "train")
        assert language_data.decode(np.asarray(tokens), meta)

    success_or_sentence(all_stages)


@given(rows=st.lists(st.tuples(TEXT, TEXT), max_size=8), times=st.sampled_from([1, 30]))
def test_any_pairs_are_read_or_refused_in_a_sentence(tmp_path: Path, rows: list[tuple[str, str]], times: int) -> None:
    text = "".join(f"{source}{number}\t{target}\n" for number in range(times) for source, target in rows)
    path = write(tmp_path / "pairs.tsv", text)
    raw, prepared = fresh(tmp_path / "raw"), fresh(tmp_path / "prepared")

    def all_stages() -> None:
        numbers_collect.collect(NUMBERS.collect, [path], raw)
        meta = numbers_prepare.prepare(raw, NUMBERS.prepare, prepared)
        assert all(len(examples) for examples in numbers_data.datasets(prepared, meta, "words").values())

    def of_translation() -> None:
        translation_collect.collect(TRANSLATION.collect, [path], raw)
        meta = translation_prepare.prepare(raw, TRANSLATION.prepare, fresh(prepared))
        assert all(len(examples) for examples in translation_data.datasets(prepared, meta, "messages").values())

    success_or_sentence(all_stages)
    success_or_sentence(of_translation)


@given(content=st.binary(max_size=300))
def test_any_bytes_called_a_text_are_refused_or_read(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    success_or_sentence(lambda: language_collect.collect(LANGUAGE.collect, [path], fresh(tmp_path / "raw")))
    success_or_sentence(lambda: pairs.read(path))
    for kind in (".po", ".mo"):
        catalogue = path.with_suffix(kind)
        catalogue.write_bytes((b"" if kind == ".po" else b"\xde\x12\x04\x95") + content)
        success_or_sentence(partial(pairs.read, catalogue))
    success_or_sentence(lambda: read_lines(str(path), "prompt"))


@given(words=st.lists(TEXT | st.integers(4_000, 30_000).map(lambda digits: "9" * digits), max_size=5))
def test_any_prompt_is_encoded_or_refused_in_a_sentence(words: list[str]) -> None:
    def asked() -> None:
        check_texts(words, "prompt")
        for word in words:
            word.encode()
            numbers_data.WORDS.source(word)

    success_or_sentence(asked)
