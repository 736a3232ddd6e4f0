"""What came of a retraining, in words that an editor reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
    """Return what is known of a tag that was learnt for the first time."""
    known = new_tag.estimate
    low, high = known.interval
    learnt = f"  {new_tag.tag.slug}: learnt from {new_tag.n_with} texts with it and {new_tag.n_without} without it"
    if not known.can_be_told:
        return f"{learnt}; too few texts like it in the stream to tell how well it will do"
    return (
        f"{learnt}; F1 on your stream about {known.f1:.2f} ({low:.2f} to {high:.2f}), {known.share:.1%} of it have it"
    )


def describe_support(store: LabelStore, tag: str) -> str:
    """Return how many texts have a tag that could not be learnt, and how many are needed."""
    examples = [example for example in store.judged_examples() if example.decides(tag)]
    n_with = sum(tag in example.tags for example in examples)
    return (
        f"{n_with} texts have it and {len(examples) - n_with} were judged not to have it, {MIN_POSITIVES} that have it "
        f"are needed, and as many without it where the model has no background"
    )
