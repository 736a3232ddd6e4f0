"""Topics as things: names in files, the home's topics, edits of labels and of the model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.activation import activate
from model.artifact import Artifact, load
from model.document import Document
from model.errors import FitError, StorageError
from model.tagger import TopicTagger
from model.versions import Versions
from training.corpus.examples import Example
from training.corpus.topics import Topic
from training.corpus.vocabulary import BadTag, Vocabulary
from training.fit import read_reference
from training.labels.revision import Labels
from training.labels.store import Labelling, LabelStore, open_store
from training.labels.tag_edits import edit_labels, edited_labels
from training.precision_aim import aim_at_precision, aimed_topics
from training.topic_edits import TopicDesk
from training.topic_versions import with_slugs
from training.topics import TopicError, Topics, TopicTaken, TopicUnknown

NAMES = Vocabulary({"elections": ["Bầu cử", "Elections"], "arms-control": ["Kiểm soát vũ khí"], "vote": ["bầu cử!"]})


@pytest.mark.parametrize(
    ("value", "tags"),
    [
        ("elections arms-control", ["elections", "arms-control"]),
        ("elections,rice;arms_control | sport", ["elections", "rice", "arms-control", "sport"]),
        ("kiểm soát vũ khí", ["arms-control"]),
        ("KIỂM SOÁT VŨ KHÍ, elections sport", ["arms-control", "elections", "sport"]),
        ("Elections", ["elections"]),
        (" ", []),
    ],
)
def test_names_and_separators(value: str, tags: list[str]) -> None:
    assert NAMES.split(value) == tags


def test_what_names_no_tag_or_two_is_refused() -> None:
    with pytest.raises(BadTag, match="'Bầu cử' is no tag: it is the name of elections and vote: write one of them"):
        NAMES.split("Bầu cử")
    with pytest.raises(BadTag, match="'Electoins' is no tag: .*did you mean elections?"):
        NAMES.split("Electoins")
    with pytest.raises(BadTag, match="'syria/rice' is no tag: .*part several by spaces, commas, ; or |"):
        NAMES.split("syria/rice")


def test_topics_are_kept_in_the_home_folder(tmp_path: Path) -> None:
    topics = Topics(tmp_path / "home")
    assert topics.all() == {}
    gaza = Topic(names={"vi": "Dải Gaza"}, keywords=("dải gaza", "hamas"), synonyms=("gaza strip",))
    topics.keep("gaza", gaza, new=True)
    with pytest.raises(TopicTaken, match="gaza: there is such a topic"):
        topics.keep("gaza", gaza, new=True)
    with pytest.raises(TopicError, match="'Gaza' is no tag"):
        topics.keep("Gaza", gaza)
    topics.rename("gaza", "gaza-strip")
    assert Topics(tmp_path / "home").all() == {"gaza-strip": gaza}
    topics.remove(["gaza-strip", "nobody"])
    assert topics.all() == {}
    (tmp_path / "home" / "topics.json").write_text("{", encoding="utf-8")
    with pytest.raises(StorageError, match="topics.json: cannot be read"):
        topics.all()


SLUGS = st.sampled_from(["a", "b", "c", "d"])


@given(st.frozensets(SLUGS), st.frozensets(SLUGS), st.none() | st.frozensets(SLUGS))
def test_a_rename_and_its_reverse_change_nothing(
    tags: frozenset[str], borderline: frozenset[str], judged: frozenset[str] | None
) -> None:
    labels = Labels(tags, borderline - tags, judged=None if judged is None else judged | tags)
    there = edited_labels(labels, {"a": "new"})
    assert ("a" in tags) == ("new" in there.tags)
    assert edited_labels(there, {"new": "a"}) == labels
    removed = edited_labels(labels, {"a": None})
    assert "a" not in {*removed.tags, *removed.borderline, *(removed.judged or ())}


def test_labels_are_edited_in_the_whole_history(url: str) -> None:
    store = LabelStore(url)

    def labelled(text: str, *tags: str, judged: frozenset[str] | None = None) -> Example:
        evidence = {tag: (f"{tag}.",) for tag in tags}
        return Example(text, Document(text=text), frozenset(tags), evidence=evidence, judged=judged)

    store.add([labelled("một", "war"), labelled("hai", "peace")], Labelling("an", "a"))
    store.add([labelled("một", "war", "conflict"), labelled("ba", judged=frozenset({"war"}))], Labelling("an", "b"))
    assert edit_labels(store, {"war": "conflict", "conflict": "conflict"}) == 3
    assert [row["tags"] for row in store.history("một")] == ["conflict", "conflict"]
    kept = {example.text: example for example in store.examples()}
    assert kept["một"].evidence == {"conflict": ("conflict.", "war.")}
    assert (kept["ba"].judged, kept["hai"].tags) == (frozenset(), {"peace"})
    assert edit_labels(store, {"war": None}) == 0
    store.engine.dispose()


def test_a_model_with_other_tags_scores_the_others_as_before(
    seed_tagger: TopicTagger, seed_examples: list[Example]
) -> None:
    artifact = seed_tagger.artifact
    texts = [example.text for example in seed_examples[:30]]
    edited = TopicTagger(with_slugs(artifact, {"syria": "syria-war", "ukraine": None}))
    for before, after in zip(seed_tagger.tag_many(texts), edited.tag_many(texts), strict=True):
        assert after["scores"]["syria-war"] == before["scores"]["syria"]
        assert after["scores"]["elections"] == before["scores"]["elections"]
        assert "ukraine" not in after["scores"]
    old, new = read_reference(artifact), read_reference(edited.artifact)
    assert old is not None
    assert new is not None
    assert new.tags == ("arms-control", "elections", "syria-war")
    assert np.array_equal(new.labels, old.labels[:, :3])
    assert "syria-war" in edited.artifact.metrics["all"]["all decisions"]["tags"]
    with pytest.raises(FitError, match="no tag left"):
        with_slugs(artifact, dict.fromkeys(seed_tagger.tags))


@pytest.fixture
def desk(tmp_path: Path, seed_tagger: TopicTagger) -> TopicDesk:
    versions = Versions(tmp_path)
    base = seed_tagger.artifact
    learnt = replace(base, training={**base.training, "base": versions.add(base)}, version="")
    activate(versions, versions.add(learnt))
    return TopicDesk(versions, open_store(tmp_path), "an")


def live(home: Path) -> Artifact:
    return load(Versions(home).folder())


def test_edits_reach_the_live_version_and_what_it_was_learnt_from(desk: TopicDesk, tmp_path: Path) -> None:
    edited = desk.set("syria", names={"vi": "Nội chiến Syria"}, threshold=0.7)
    assert live(tmp_path).version == edited.version
    base = load(Versions(tmp_path).folder(live(tmp_path).training["base"]))
    for artifact in (live(tmp_path), base):
        tag = next(tag for tag in artifact.tags if tag.slug == "syria")
        assert (tag.threshold, tag.names["vi"]) == (0.7, "Nội chiến Syria")
    changes = {"names": {"vi": "Nội chiến Syria"}, "threshold": 0.7}
    assert live(tmp_path).training["edits"] == [{"by": "an", "topic": "syria", "set": changes}]
    assert desk.set("syria", description="Từ 2011").version is None
    assert desk.set("syria", threshold=0.7).version is None, "nothing changes"
    desk.rename("syria", "syria-war")
    assert desk.state("syria-war").topic.description == "Từ 2011"
    assert [line.get("renamed") for line in live(tmp_path).training["edits"]] == [None, "syria"]
    with pytest.raises(TopicUnknown, match="syria: there is no such topic"):
        desk.state("syria")
    with pytest.raises(TopicTaken, match="merge syria-war ukraine"):
        desk.rename("syria-war", "ukraine")
    with pytest.raises(TopicTaken, match="ukraine: there is such a topic"):
        desk.add("ukraine", Topic())


def test_tags_are_merged_and_removed(desk: TopicDesk, tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.add([Example("x", Document(text="một"), frozenset({"syria", "gaza"}))], Labelling("an", "a"))
    desk.add("gaza", Topic(keywords=("gaza",)))
    desk.merge(["syria", "gaza"], "ukraine")
    assert [tag.slug for tag in live(tmp_path).tags] == ["arms-control", "elections", "ukraine"]
    assert [example.tags for example in store.examples()] == [{"ukraine"}]
    assert "gaza" not in {state.tag for state in desk.states()}
    assert desk.remove("ukraine").n_labellings == 1
    assert [tag.slug for tag in live(tmp_path).tags] == ["arms-control", "elections"]
    assert store.stats().tags == {}


def test_a_threshold_for_a_precision(seed_tagger: TopicTagger, seed_examples: list[Example]) -> None:
    artifact = seed_tagger.artifact
    wrong = [replace(e, tags=e.tags ^ {"syria"}) if n % 9 == 0 else e for n, e in enumerate(seed_examples)]
    aimed = aim_at_precision(artifact, "syria", 0.9, wrong)
    results = seed_tagger.tag_many([example.text for example in wrong])
    given_tags = np.array([result["scores"]["syria"] >= aimed.threshold for result in results])
    labels = np.array(["syria" in example.tags for example in wrong])
    assert aimed.precision == pytest.approx((given_tags & labels).sum() / given_tags.sum())
    assert aimed.recall == pytest.approx((given_tags & labels).sum() / labels.sum())
    assert (aimed.precision >= 0.9, aimed.n_learnt_from) == (True, 0)
    assert aim_at_precision(artifact, "syria", 0.6, wrong).threshold <= aimed.threshold
    topics = {"syria": Topic(precision=0.9, threshold=0.01), "rice": Topic(precision=0.9), "elections": Topic()}
    chosen = {tag: topic.threshold for tag, topic in aimed_topics(artifact, topics, wrong).items()}
    assert chosen == {"syria": aimed.threshold, "rice": None, "elections": None}
    hopeless = [replace(e, tags=e.tags ^ {"syria"}) for e in seed_examples]
    assert aimed_topics(artifact, topics, hopeless)["syria"].threshold == 0.01, "it stays where none is found"
    few = [replace(example, judged=frozenset({"ukraine"})) for example in seed_examples]
    assert aim_at_precision(artifact, "syria", 0.9, few).n_learnt_from > 0
    with pytest.raises(FitError, match="too few to tell: 0 labelled texts"):
        aim_at_precision(replace(artifact, reference=None), "syria", 0.9, few)
    with pytest.raises(FitError, match="no threshold reaches a precision of 0.9"):
        aim_at_precision(artifact, "syria", 0.9, hopeless)
