from pathlib import Path

from pipelines.sources import subwords

TEXTS = ["save the changes", "save the page ⟨1⟩", "change the page"] * 5


def test_a_model_cuts_texts_and_joins_them_again(tmp_path: Path) -> None:
    subwords.fit(TEXTS, 40, tmp_path / "model", whole=("⟨1⟩",))
    pieces = subwords.processor(tmp_path / "model").encode_as_pieces("save ⟨1⟩ pages")
    assert "⟨1⟩" in pieces
    assert "".join(pieces).replace(subwords.SPACE, " ").strip() == "save ⟨1⟩ pages"


def test_the_same_texts_give_the_same_model(tmp_path: Path) -> None:
    for name in ("one", "two"):
        subwords.fit(TEXTS, 40, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_fewer_subwords_than_characters_are_raised_to_those(tmp_path: Path) -> None:
    subwords.fit(["abcdefgh"], 2, tmp_path / "model")
    assert set(subwords.processor(tmp_path / "model").encode_as_pieces("hgf")) <= {
        subwords.SPACE,
        *"abcdefgh",
        "abcdefgh",
    }
