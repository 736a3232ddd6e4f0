"""What `chude retrain` says of the version that it made, out of the record that the job keeps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from model.document import Document
from model.tagger import TopicTagger
from service.commands.retrain_report import report_lines
from training.corpus.duplicates import text_digest
from training.corpus.examples import Example
from training.fit import Adaptation
from training.labels.additions import is_held_out
from training.labels.store import Labelling, LabelStore
from training.promotion import Outcome


def test_texts_that_are_held_out_count_for_a_tag_that_is_not_learnt_yet(tmp_path: Path, shipped: TopicTagger) -> None:
    texts = [f"bài số {n} về mùa lúa" for n in range(100)]
    held_out = next(text for text in texts if is_held_out(text_digest(text)))
    others = [text for text in texts if not is_held_out(text_digest(text))][:12]
    rice = {held_out, *others[:9]}
    store = LabelStore(f"sqlite:///{tmp_path / 'labels.sqlite'}")
    tags = {text: frozenset({"rice"} if text in rice else ()) for text in [held_out, *others]}
    store.add([Example(text, Document(text=text), tags[text]) for text in tags], Labelling())
    gate = {"texts": 40, "live_f1": 0.9, "candidate_f1": 0.8, "interval": [-0.15, -0.05], "with_tag": 9}
    worse = {"tag": "syria", "place": "held_out", "why": "worse"}
    decision = {"accepted": False, "refusals": [worse], "tags": {"syria": {"held_out": gate}}}
    adaptation = Adaptation(replace(shipped.artifact, training={"new_tags": {}}), None, [], [], ["rice"])
    record = Outcome("v", False, decision, adaptation).record(store)
    change = "F1 0.900 before, 0.800 after (-0.150 to -0.050)"
    assert report_lines(record) == [
        "version v",
        f"  syria: {change} on 40 of your texts held out, 9 with it",
        "  rice: 10 texts have it and 3 were judged not to have it, 10 that have it are needed, and as many without it "
        "where the model has no background: not learnt yet",
        f"  syria is worse on your texts held out: {change}",
        "it is not live, for it is worse on what stands above; --force would make it live",
    ]
    store.engine.dispose()
