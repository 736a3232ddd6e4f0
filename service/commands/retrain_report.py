"""What came of a retraining, in words, out of the record that its job keeps (`training.promotion.Outcome.record`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.commands.columns import n_of
from training.fit import MIN_POSITIVES

_PLACES = {"held_out": "your texts held out", "reference": "the model's own reference texts"}


def report_lines(record: Mapping[str, Any]) -> list[str]:
    """Return what came of retraining, in lines for a terminal."""
    if record.get("unchanged"):
        return [
            f"nothing new since version {record['version']}, which is live: the labels and the topics are those that "
            "it was learnt from; --force makes a version all the same"
        ]
    lines = [f"version {record['version']}"]
    lines += [_line_of_known(tag, places) for tag, places in record["tags"].items()]
    lines += [_line_of_new(tag, learnt) for tag, learnt in record["new_tags"].items()]
    lines += [_line_of_left_out(tag, counts) for tag, counts in record["left_out"].items()]
    if record["live"]:
        lines.append("it is live" + (" (forced)" if not record["accepted"] else ""))
    else:
        lines += [_line_of_refusal(record["tags"], **refusal) for refusal in record["refusals"]]
        lines.append("it is not live, for it is worse on what stands above; --force would make it live")
    return lines


def _line_of_known(tag: str, places: Mapping[str, Any]) -> str:
    """Return how a tag of the live version does before and after, in each place where it could be compared."""
    parts = [
        f"{_change(found)} on {found['texts']:,} of {_PLACES[place]}, {found['with_tag']} with it"
        for place, found in places.items()
    ]
    return f"  {tag}: {'; '.join(parts)}"


def _change(found: Mapping[str, Any]) -> str:
    low, high = found["interval"]
    return f"F1 {found['live_f1']:.3f} before, {found['candidate_f1']:.3f} after ({low:+.3f} to {high:+.3f})"


def _line_of_refusal(tags: Mapping[str, Any], tag: str, place: str, why: str) -> str:
    """Return one reason why the version is refused."""
    found = tags[tag][place]
    if why == "worse":
        return f"  {tag} is worse on {_PLACES[place]}: {_change(found)}"
    if why == "moved":
        return f"  {tag} moved on {_PLACES[place]} though no label judged it: {_change(found)}"
    return f"  {tag} is found in none of the {found['with_tag']} texts held out that have it, before as after"


def _line_of_new(tag: str, learnt: Mapping[str, Any]) -> str:
    """Return what a tag was learnt from that is learnt for the first time, and what is known of it."""
    line = f"  {tag}: learnt from {_sources(learnt)}"
    if learnt["too_common"]:
        line += f" (not from {', '.join(learnt['too_common'])}: too common in ordinary texts)"
    return f"{line}; {_expectation(learnt)}"


def _sources(learnt: Mapping[str, Any]) -> str:
    words = n_of(learnt["keywords"], "key word")
    if not learnt["with"] + learnt["without"]:
        return f"{words} alone"
    texts = f"{n_of(learnt['with'], 'text')} with it and {learnt['without']} without it"
    return f"{texts}, and {words}" if learnt["keywords"] else texts


def _expectation(learnt: Mapping[str, Any]) -> str:
    """Return how a new tag does on the stream, and what would tell the rest."""
    tagged = f"{learnt['tagged_share']:.2%} of the stream gets it"
    if learnt["recall"] is None:
        few = f"fewer than {MIN_POSITIVES} texts with it cannot say" if learnt["with"] else "no label says"
        return f"{few} how good it is; {tagged}"
    low, high = learnt["recall_interval"]
    return (
        f"it finds {low:.0%} to {high:.0%} of the texts like those labelled with it, and {tagged}; how many of these "
        "should, too few labels tell: look at 50 of them"
    )


def _line_of_left_out(tag: str, counts: Mapping[str, int]) -> str:
    """Return how many texts have a tag that could not be learnt, and how many are needed."""
    return (
        f"  {tag}: {counts['n_with']} texts have it and {counts['n_without']} were judged not to have it, "
        f"{MIN_POSITIVES} that have it are needed, and as many without it where the model has no background, or key "
        "words: not learnt yet"
    )
