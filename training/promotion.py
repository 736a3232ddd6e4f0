"""From the labels in the store to a new live version, or not: adapt, compare with the live one, decide."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from model.activation import activate
from model.artifact import Artifact, load, versioned
from model.errors import FitError, VersionError
from model.versions import Versions
from training.corpus.duplicates import text_digest
from training.corpus.examples import Example
from training.corpus.topics import Topic
from training.fit import MIN_POSITIVES, Adaptation, FitOptions, adapt
from training.fit.fitting import digest_of
from training.gate import compare_on_held_out
from training.labels.activity import JudgedCounts
from training.labels.store import LabelStore
from training.labels.suggestions import waiting
from training.precision_aim import aimed_topics
from training.progress import Progress, silent
from training.topic_versions import with_topics
from training.topics import Topics

_QUEUE = 100_000
"""Texts of the queue that are looked at."""


@dataclass(frozen=True)
class Outcome:
    """What came of retraining."""

    version: str
    is_live: bool
    """Whether it goes live with `promote`: it is not worse than the live version, or was forced."""
    decision: Mapping[str, Any]
    """As `training.gate` gives it."""
    adaptation: Adaptation | None
    """None where there was nothing new to learn: `version` is the live one then."""

    def record(self, store: LabelStore) -> dict[str, Any]:
        """Return all of it as JSON has it: what a job keeps, and what is told in words here and on the page.

        Beside the gate's decision: `version`, `live`, how each of `new_tags` was learnt as its manifest says it, and
        how many texts the tags have and lack that are `left_out`. `unchanged` is there, and true, where there was
        nothing new to learn.
        """
        if self.adaptation is None:
            nothing: dict[str, Any] = {"refusals": [], "tags": {}, "new_tags": {}, "left_out": {}}
            return {"version": self.version, "live": True, "unchanged": True, "accepted": True, **nothing}
        left_out = {tag: _support(store, tag)._asdict() for tag in self.adaptation.left_out}
        learnt = self.adaptation.artifact.training["new_tags"]
        return {
            "version": self.version,
            "live": self.is_live,
            **self.decision,
            "new_tags": learnt,
            "left_out": left_out,
        }


def retrain(
    store: LabelStore,
    versions: Versions,
    options: FitOptions,
    *,
    force: bool = False,
    unlabelled: Sequence[str] = (),
    progress: Progress = silent,
) -> Outcome:
    """Learn from all labels in the store, and store the result as a version.

    The fit starts from what the live version was adapted from, so that no label counts twice. Tags that it does not
    know are learnt from all their labels and the key words of their topics: there is nothing to compare them with.
    `unlabelled` are texts as the user's stream brings them; the random ones of the queue stand in for them where there
    are none. Where all that it would learn from is what the live version was learnt from, it makes no version, unless
    it is to `force` one. Raises FitError, VersionError, StorageError.
    """
    live = load(versions.folder())
    base = _base_of(live, versions)
    known = {tag.slug for tag in base.tags}
    topics = Topics(versions.home).all()
    keywords = _keywords(topics, known)
    new = {*keywords, *(tag for example in store.examples() for tag in example.tags)} - known
    held_out = list(store.judged_examples(held_out=True))
    examples = [*store.judged_examples(held_out=False), *_judged_on(held_out, new)]
    stream = (unlabelled or random_texts(store)) if new else ()
    inputs = _digest_of_inputs(base, [*examples, *held_out], topics, stream, options.seed)
    if live.training.get("inputs_digest") == inputs and not force:
        return Outcome(live.version, False, {}, None)
    adaptation = adapt(base, examples, options, progress, stream, keywords)
    if not adaptation.judged and not adaptation.new_tags:
        raise FitError(_nothing_learnt(adaptation.left_out))
    adaptation = replace(adaptation, artifact=_as_decided(adaptation.artifact, live, versions, held_out))
    decision = compare_on_held_out(live, adaptation.artifact, list(_judged_on(held_out, known)), adaptation.judged)
    if force:
        decision["forced"] = True
    training = {
        **adaptation.artifact.training,
        "inputs_digest": inputs,
        "compared_with": live.version,
        "gate": decision,
    }
    candidate = versioned(replace(adaptation.artifact, training=training))
    version = versions.add(candidate)
    return Outcome(version, bool(decision["accepted"] or force), decision, adaptation)


def _base_of(live: Artifact, versions: Versions) -> Artifact:
    """Return what the live version was adapted from, itself where it was not. Raises VersionError."""
    if not live.training.get("base"):
        return live
    try:
        return load(versions.folder(live.training["base"]))
    except VersionError as error:
        raise VersionError(f"{error}; the live version was learnt from it: make another version live first") from None


def _digest_of_inputs(
    base: Artifact, examples: Sequence[Example], topics: Mapping[str, Topic], stream: Sequence[str], seed: int
) -> str:
    """Return a digest of all that a retraining depends on: with the same one it would come to the same."""
    borderline = [replace(example, tags=example.borderline) for example in examples if example.borderline]
    decided = {
        tag: (dict(topic.names), topic.keywords, topic.threshold, topic.precision) for tag, topic in topics.items()
    }
    undecided: tuple[Mapping[str, str], tuple[str, ...], None, None] = ({}, (), None, None)
    parts = (
        *(base.version, seed, digest_of(examples), digest_of(borderline)),
        *(sorted((tag, its) for tag, its in decided.items() if its != undecided), sorted(map(text_digest, stream))),
    )
    return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()


def _keywords(topics: Mapping[str, Topic], known: Collection[str]) -> dict[str, Sequence[str]]:
    """Return the key words of the topics that have some and that are not known yet."""
    return {tag: topic.keywords for tag, topic in topics.items() if topic.keywords and tag not in known}


def _judged_on(examples: Iterable[Example], tags: Collection[str]) -> Iterator[Example]:
    """Yield the examples that decide on any of the tags, as if they decided on no other."""
    for example in examples:
        judged = frozenset(tag for tag in tags if example.decides(tag))
        if judged:
            yield replace(example, judged=judged, tags=example.tags & judged, borderline=example.borderline & judged)


def _support(store: LabelStore, tag: str) -> JudgedCounts:
    """Return how many texts have a tag that could not be learnt, and how many were judged not to have it.

    Other than `count_judged`, it counts what the fit has: where nobody said what was judged, the labels' origin does.
    """
    has_tag = [tag in example.tags for example in store.judged_examples() if example.decides(tag)]
    return JudgedCounts(sum(has_tag), len(has_tag) - sum(has_tag))


def _nothing_learnt(left_out: Sequence[str]) -> str:
    needed = (
        f"{', '.join(left_out)}: {MIN_POSITIVES} texts that have it are needed" if left_out else "no tag was judged"
    )
    return f"nothing can be learnt from the labels yet ({needed}), and no version was made: label more"


def random_texts(store: LabelStore) -> list[str]:
    """Return the texts of the queue that were picked at random: those picked as uncertain are unlike the stream."""
    return [suggestion.text for suggestion in waiting(store, _QUEUE) if suggestion.why == "random"]


def _as_decided(artifact: Artifact, live: Artifact, versions: Versions, held_out: Sequence[Example]) -> Artifact:
    """Return the artifact with the names and thresholds that a user has decided on, and with what is said of that."""
    topics = aimed_topics(artifact, Topics(versions.home).all(), held_out)
    edits = {"edits": live.training["edits"]} if "edits" in live.training else {}
    decided = with_topics(artifact, topics)
    return replace(decided, training={**decided.training, **edits})


def promote(versions: Versions, outcome: Outcome, claim: AbstractContextManager[object]) -> None:
    """Make a new version live, unless it is worse, in one step with `claim`, which ends the job that made it.

    Where `claim` fails, on the way in or out, the version that was live is so still.
    """
    if outcome.is_live:
        activate(versions, outcome.version, claim)
    else:
        with claim:
            pass
