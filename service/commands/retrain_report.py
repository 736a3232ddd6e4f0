"""What came of a retraining, in words that an editor reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.commands.columns import n_of
from training.fit import MIN_POSITIVES
from training.fit.new_tag import NewTag
from training.gate import PLACES
from training.labels.store import LabelStore
from training.promotion import Outcome


def report_lines(outcome: Outcome, store: LabelStore) -> list[str]:
    """Return what came of retraining, in an editor's words."""
    decision, learnt = outcome.decision, outcome.adaptation
    lines = [f"version {outcome.version}"]
    lines += [_line_of_known(tag, places) for tag, places in decision["tags"].items()]
    lines += [_line_of_new(new_tag) for new_tag in learnt.new_tags]
    for tag in learnt.left_out:
        lines.append(f"  {tag}: {describe_support(store, tag)}: not learnt yet")
    if outcome.is_live:
        lines.append("it is live" + (" (forced)" if not decision["accepted"] else ""))
    else:
        lines += [f"  {reason}" for reason in decision["reasons"]]
        lines.append("it is not live, for it is worse on what stands above; --force would make it live")
    return lines


def _line_of_known(tag: str, places: Mapping[str, Any]) -> str:
    """Return how a tag of the live version does before and after, in each place where it could be compared."""
    parts = []
    for place, found in places.items():
        low, high = found["interval"]
        parts.append(
            f"F1 {found['live_f1']:.3f} before, {found['candidate_f1']:.3f} after ({low:+.3f} to {high:+.3f}) on "
            f"{found['texts']:,} of {PLACES[place]}, {found['with_tag']} with it"
        )
    return f"  {tag}: {'; '.join(parts)}"


def _line_of_new(new_tag: NewTag) -> str:
    """Return what a tag was learnt from that is learnt for the first time, and what is known of it."""
    learnt = f"  {new_tag.tag.slug}: learnt from {_sources(new_tag)}"
    if new_tag.keywords.too_common:
        learnt += f" (not from {', '.join(new_tag.keywords.too_common)}: too common in ordinary texts)"
    return f"{learnt}; {_expectation(new_tag)}"


def _sources(new_tag: NewTag) -> str:
    words = n_of(len(new_tag.keywords.terms), "key word")
    if not new_tag.n_with + new_tag.n_without:
        return f"{words} alone"
    texts = f"{new_tag.n_with} texts with it and {new_tag.n_without} without it"
    return f"{texts}, and {words}" if new_tag.keywords.terms else texts


def _expectation(new_tag: NewTag) -> str:
    """Return how good a new tag is on the stream, or why nobody knows and what would tell."""
    known = new_tag.estimate
    if new_tag.n_with < MIN_POSITIVES:
        few = "no label says" if not new_tag.n_with else f"fewer than {MIN_POSITIVES} texts with it cannot say"
        return f"{few} how good it is; {known.share:.2%} of the stream gets it"
    low, high = known.interval
    if known.can_be_told:
        return f"F1 on your stream about {known.f1:.2f} ({low:.2f} to {high:.2f}), {known.share:.1%} of it have it"
    return (
        f"too few texts like it in the stream to tell how well it will do (F1 {low:.2f} to {high:.2f}): look at 50 "
        "texts that get the tag; the share of them that should have it is its precision"
    )


def describe_support(store: LabelStore, tag: str) -> str:
    """Return how many texts have a tag that could not be learnt, and how many are needed."""
    examples = [example for example in store.judged_examples() if example.decides(tag)]
    n_with = sum(tag in example.tags for example in examples)
    return (
        f"{n_with} texts have it and {len(examples) - n_with} were judged not to have it, {MIN_POSITIVES} that have it "
        f"are needed, and as many without it where the model has no background, or key words"
    )
