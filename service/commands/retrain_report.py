"""What came of a retraining, in words, out of the record that its job keeps (`training.promotion.Outcome.record`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.fit import MIN_POSITIVES

_PLACES = {"held_out": "your texts held out", "reference": "the model's own reference texts"}


def report_lines(record: Mapping[str, Any]) -> list[str]:
    """Return what came of retraining, in lines for a terminal."""
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
    """Return what is known of a tag that was learnt for the first time."""
    line = f"  {tag}: learnt from {learnt['with']} texts with it and {learnt['without']} without it"
    if not learnt["can_be_told"]:
        return f"{line}; too few texts like it in the stream to tell how well it will do"
    low, high = learnt["f1_interval"]
    return (
        f"{line}; F1 on your stream about {learnt['f1']:.2f} ({low:.2f} to {high:.2f}), "
        f"{learnt['stream_share']:.1%} of it have it"
    )


def _line_of_left_out(tag: str, counts: Mapping[str, int]) -> str:
    """Return how many texts have a tag that could not be learnt, and how many are needed."""
    return (
        f"  {tag}: {counts['n_with']} texts have it and {counts['n_without']} were judged not to have it, "
        f"{MIN_POSITIVES} that have it are needed, and as many without it where the model has no background: "
        "not learnt yet"
    )
