"""Translation: what is collected, how it is split, what is scored, and the non-neural baselines."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from pipelines import artifacts, params
from pipelines.contract import SPLITS
from pipelines.nn.decoding import Hypothesis
from pipelines.sequence_to_sequence.data import Part, part, table_of
from pipelines.sequence_to_sequence.generate import Transcription
from pipelines.sources import archives
from pipelines.sources.pairs import PAIRS
from pipelines.tasks.translation import baselines, collect, compare, evaluate, phrases, prepare, score
from pipelines.tasks.translation.catalogues import PACKAGES, Package
from pipelines.tasks.translation.data import TARGET, Meta, datasets
from pipelines.tasks.translation.params import Params
from pipelines.tasks.translation.subwords import Subwords
from tests.conftest import ROOT

BLOCK = params.block("translation", Params, ROOT / "params.yaml")
SMALL = BLOCK.model_copy(
    update={"prepare": BLOCK.prepare.model_copy(update={"subwords": 120, "longest": 6, "max_longer": 9})}
)
NOUNS = {"page": "sayfa", "user": "kullanıcı", "file": "dosya", "image": "resim", "group": "grup", "site": "site"}
VERBS = {"Delete": "sil", "Save": "kaydet", "Open": "aç", "Show": "göster", "Hide": "gizle", "Move": "taşı"}
ENDS = {"": "", " %(name)s": " %(name)s", " now": " şimdi", " again": " yeniden", " to <b>%s</b>": " <b>%s</b> içine"}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("translation")
    for name in ("raw", "prepared"):
        (folder / name).mkdir()
    rows = [
        f"{verb} the {noun}{end}\t{theirs}{other} {ours}"
        for noun, theirs in NOUNS.items()
        for verb, ours in VERBS.items()
        for end, other in ENDS.items()
    ]
    rows += [
        f"{verb} the {noun}s\t{theirs}ları {ours}" for noun, theirs in NOUNS.items() for verb, ours in VERBS.items()
    ]
    rows += [
        f"Please do {verb} all the things of {number}\thepsini {ours}"
        for number, (verb, ours) in enumerate(VERBS.items())
    ]
    rows += ["Lost %s\tkayıp", "Two\tiki %d"]
    (folder / "raw" / PAIRS).write_text("\n".join(rows) + "\n", encoding="utf-8")
    meta = prepare.prepare(folder / "raw", SMALL.prepare, folder / "prepared")
    artifacts.write_json(folder / "prepared" / "meta.json", meta)
    return folder / "prepared"


@pytest.fixture(scope="module")
def meta(prepared: Path) -> Meta:
    return artifacts.read(prepared / "meta.json", Meta)


# Collecting


def test_collect_reads_the_catalogues_of_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import polib

    catalogue = polib.POFile()
    catalogue.metadata = {"Content-Type": "text/plain; charset=utf-8"}
    catalogue.append(polib.POEntry(msgid="Save", msgstr="Kaydet"))
    catalogue.append(
        polib.POEntry(msgid="%d page", msgid_plural="%d pages", msgstr_plural={0: "%d sayfa", 1: "%d sayfa"})
    )
    catalogue.append(polib.POEntry(msgid="URL", msgstr="URL"))
    content = catalogue.to_binary()
    path = "a/locale/tr/LC_MESSAGES/django.mo"
    package = Package("a", "1", "MIT", {path: hashlib.sha256(content).hexdigest()})
    monkeypatch.setattr(collect, "PACKAGES", {"a": package})
    monkeypatch.setattr(archives, "members", lambda name, version, files: {path: content})
    source = collect.collect(BLOCK.collect.model_copy(update={"samples": ("a",)}), [], tmp_path)
    assert (tmp_path / PAIRS).read_text().splitlines() == ["%d pages\t%d sayfa", "Save\tKaydet"]
    assert source.parts["a"]["licence"] == "MIT"
    assert sorted(sentence.split(": ", 1)[1] for sentence in source.unreadable) == [
        "source and target are identical",
        "the singular of an entry with a plural form, which is used",
    ]


def test_sample_pins_every_catalogue_by_its_hash() -> None:
    for package in PACKAGES.values():
        assert package.catalogues
        assert all(len(sha256) == 64 and path.endswith(".mo") for path, sha256 in package.catalogues.items())


# Preparing


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Delete page", "delete pages!"),
        ("%s users", "{count} Users"),
        ("Step 2: <b>go</b>", "step 3 go"),
        ("%s", "{x} 5"),
    ],
)
def test_key_is_the_same_for_near_duplicates(one: str, other: str) -> None:
    assert prepare.key(one) == prepare.key(other)


def test_key_differs_for_other_words() -> None:
    assert prepare.key("Save page") != prepare.key("Save file")
    assert prepare.key("is") != prepare.key("i")


def test_prepare_puts_near_duplicates_in_one_split(prepared: Path) -> None:
    table = table_of(prepared)
    assert table["source"].is_unique
    assert set(table["split"]) == set(SPLITS)
    assert (table.groupby(table["source"].map(prepare.key))["split"].nunique() == 1).all()


def test_prepare_leaves_out_pairs_with_different_placeholders_and_says_so(prepared: Path, meta: Meta) -> None:
    assert not {"Lost %s", "Two"} & set(table_of(prepared)["source"])
    assert "2 pairs are left out: source and target have different placeholders" in meta.splitting


def test_subwords_are_those_of_training(prepared: Path, meta: Meta) -> None:
    tokenizer, training = Subwords(prepared), part(prepared, "train")
    seen = {token for source in training.sources for token in tokenizer.source(source)}
    assert set(meta.targets[TARGET].source_vocabulary.words[4:]) == seen


def test_lexicon_has_the_likely_translations_of_training(meta: Meta) -> None:
    target = meta.targets[TARGET]
    table = target.probabilities()
    assert table.shape == (len(target.source_vocabulary), len(target.target_vocabulary))
    assert (table.sum(1) <= 1.01 * table.shape[1]).all()
    slot = target.source_vocabulary.ids["⟨1⟩"]
    assert target.target_vocabulary.words[int(table[slot].argmax())] == "⟨1⟩"


def test_datasets_hold_the_rows_of_the_table(prepared: Path, meta: Meta) -> None:
    tokenizer, target = Subwords(prepared), meta.targets[TARGET]
    for split, examples in datasets(prepared, meta, TARGET).items():
        texts = part(prepared, split)
        assert len(examples) == len(texts.sources) == target.splits[split].windows
        tokens = target.target_vocabulary.decode(examples.targets[0].tolist())
        if split == "train":
            assert tokenizer.text(tokens, texts.sources[0])[1:] == texts.targets[0][1:]


# Scoring


def test_score_separates_longer_pairs_and_counts_placeholders() -> None:
    texts = Part(["Save %s", "Open", "Close it now"], ["Kaydet %s", "Aç", "Kapat"], longer=1)
    scored = score.score(texts, ["Kaydet", "Aç", "Kapat"])
    assert scored.metrics["exact_match"] == 0.5
    assert scored.metrics["placeholders_kept"] == 0
    assert scored.metrics["chrf_longer"] == pytest.approx(100)
    assert scored.metrics["chrf_margin"] > 0
    assert len(scored.losses) == 2
    assert scored.losses[1] == pytest.approx(0)
    assert scored.record.mistakes == [("Save %s", "Kaydet", "Kaydet %s")]
    assert set(scored.record.signatures) == {"chrF", "BLEU"}


def test_evaluate_scores_perfect_outputs_perfectly_in_any_order(prepared: Path, meta: Meta) -> None:
    examples, tokenizer = datasets(prepared, meta, TARGET)["train"], Subwords(prepared)
    rows = [Hypothesis(row.tolist(), 0.0, None) for row in examples.targets]
    order = np.random.default_rng(1).permutation(len(examples))

    def predictions() -> object:
        for indices in np.array_split(order, 3):
            outputs, sizes = [rows[index] for index in indices], np.full(len(indices), 2.0)
            yield Transcription(indices, np.zeros(0), outputs, outputs, indices.astype(float), sizes)

    scored = evaluate.evaluate(prepared, meta, TARGET, "train", predictions(), SMALL)  # type: ignore[arg-type]
    texts = part(prepared, "train")
    same = [text[0].isupper() == source[0].isupper() for source, text in zip(texts.sources, texts.targets, strict=True)]
    assert scored.metrics["exact_match"] == np.mean(same)
    assert scored.metrics["placeholders_kept"] == 1
    assert scored.own_losses is not None
    assert scored.own_losses.tolist() == (np.arange(len(rows)) / 2).tolist()
    assert tokenizer.slots == 3


# Baselines


def test_baselines_are_scored_on_the_pairs_of_the_networks(prepared: Path, meta: Meta) -> None:
    scored = {name: method() for name, method in baselines.baselines(prepared, meta, TARGET, SMALL).items()}
    usual = len(part(prepared, "test").sources[part(prepared, "test").usual])
    assert {len(baseline.losses) for baseline in scored.values()} == {usual}
    assert compare.primary(meta, TARGET).reference in scored
    assert scored["phrase table"].metrics["chrf"] > scored["copy"].metrics["chrf"] + 20
    assert scored["phrase table"].metrics["placeholders_kept"] == 1
    assert scored["copy"].metrics["placeholders_kept"] == 1


def test_phrase_table_translates_the_longest_phrases_and_copies_unknown_words() -> None:
    known = [["save", "page"], ["delete", "page"], ["delete", "user"], ["save"], ["user"]]
    translations = [["sayfayı", "kaydet"], ["sayfayı", "sil"], ["kullanıcıyı", "sil"], ["kaydet"], ["kullanıcıyı"]]
    translate = phrases.phrase_table(known, translations, iterations=20, longest=2)
    assert translate([["delete", "page"], ["save", "novel"], ["novel"]]) == [
        ["sayfayı", "sil"],
        ["kaydet", "novel"],
        ["novel"],
    ]
