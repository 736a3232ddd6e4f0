"""What `chude retrain` says of a tag that it cannot learn yet."""

from __future__ import annotations

from pathlib import Path

from model.document import Document
from service.commands.retrain_report import describe_support
from training.corpus.duplicates import text_digest
from training.corpus.examples import Example
from training.labels.additions import is_held_out
from training.labels.store import Labelling, LabelStore


def test_texts_that_are_held_out_count_for_a_tag_that_is_not_learnt_yet(tmp_path: Path) -> None:
    texts = [f"bài số {n} về mùa lúa" for n in range(100)]
    held_out = next(text for text in texts if is_held_out(text_digest(text)))
    others = [text for text in texts if not is_held_out(text_digest(text))][:12]
    rice = {held_out, *others[:9]}
    store = LabelStore(f"sqlite:///{tmp_path / 'labels.sqlite'}")
    tags = {text: frozenset({"rice"} if text in rice else ()) for text in [held_out, *others]}
    store.add([Example(text, Document(text=text), tags[text]) for text in tags], Labelling())
    assert describe_support(store, "rice") == (
        "10 texts have it and 3 were judged not to have it, 10 that have it are needed, and as many without it where "
        "the model has no background, or key words"
    )
    store.engine.dispose()
