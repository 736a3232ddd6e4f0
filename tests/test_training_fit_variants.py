"""Spellings of names: the file, the terms that they add, and a model that reads all of them alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import SEEDS

from model import TopicTagger
from model.document import Document
from model.errors import DataError
from model.weights import SparseWeights
from training.corpus.examples import Example
from training.fit.dense import WeightedTerms
from training.fit.fitting import FitOptions, fit_examples
from training.fit.variants import Variants, read_variants, with_variants


def test_the_file_of_the_shipped_model_is_read() -> None:
    variants = read_variants(SEEDS / "variants.toml")
    assert variants.words["ukraine"][:2] == ("ukraina", "ucraina")
    assert "u crai na" in variants.spellings["ukraine"]
    assert variants.spellings["triều tiên"] == ("bắc hàn",)
    assert read_variants(None) == Variants()


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("syria", "not a readable TOML file"),
        ('syria = "xyri"', "must be a name with a list of its other spellings"),
        ("syria = [1]", "must be a name with a list"),
        ('"!" = ["a"]', "must be a name with a list"),
        ('syria = ["xyri"]\niraq = ["Xyri"]', "'xyri' is a spelling of 'syria' already"),
        ('syria = ["xyri"]\nxyri = ["xi-ri"]', "'xyri' is a spelling of 'syria' already"),
        ('nga = ["liên bang nga"]', "'liên bang nga' has 'nga' in it"),
    ],
)
def test_a_broken_file_is_named(text: str, what: str, tmp_path: Path) -> None:
    path = tmp_path / "v.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=what) as error:
        read_variants(path)
    assert str(path) in str(error.value)


def test_copies_have_the_weights_of_their_terms() -> None:
    weights = SparseWeights.of(np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 0.0]]))
    kept = WeightedTerms(("triều tiên", "ở triều tiên", "gạo"), weights, weights, np.array([1.5, 2.5, 3.5]))
    copied = with_variants(kept, Variants({"triều tiên": ("bắc hàn", "b h c"), "gạo": ("lúa",)}))
    assert copied.terms == ("triều tiên", "ở triều tiên", "gạo", "bắc hàn", "b h c", "ở bắc hàn", "ở b h c")
    assert copied.sentence_weights.dense[3:].tolist() == [[1, 0], [1, 0], [0, 2], [0, 2]]
    assert copied.idf.tolist() == [1.5, 2.5, 3.5, 1.5, 1.5, 2.5, 2.5]
    assert with_variants(kept, Variants()).terms == kept.terms


def test_every_spelling_scores_alike() -> None:
    texts = [f"Chiến sự ở {'Syria' if n % 2 else 'đồng lúa'} ngày {n}" for n in range(40)]
    examples = [Example(n, Document(text=text), frozenset({"syria"} if n % 2 else ())) for n, text in enumerate(texts)]
    variants = Variants({"syria": ("xyri", "xi ri")})
    tagger = TopicTagger(fit_examples(examples, FitOptions(jobs=1, variants=variants)).artifact)
    one, *others = (tagger.tag(f"Giao tranh ở {name} đêm qua") for name in ("Syria", "Xyri", "Xi-ri", "XI-RI"))
    assert one["tags"] == ["syria"]
    assert [other["scores"] for other in others] == [one["scores"]] * 3
    assert tagger.tag("Giao tranh ở Xi đêm qua")["tags"] == []
