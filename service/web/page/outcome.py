"""What came of a retraining, in the reader's language, out of the record that its job keeps.

The record is that of `training.promotion.Outcome.record`; `service.commands.retrain_report` says it on the terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from service.web.page.catalogue import Catalogue
from service.web.page.new_topic import NEEDED


class Measured(NamedTuple):
    """How two versions do on the same texts."""

    tag: str
    """Name of the tag; empty for all of them together."""
    where: str
    """"held_out", the labels that are not learnt from, or "reference", the texts that travel with the model."""
    n_texts: int
    before: float
    after: float
    low: float
    high: float


class Outcome(NamedTuple):
    """A retraining that is done, as the page tells it."""

    verdict: str
    remarks: list[str]
    """Why it was refused, what was learnt anew, and what could not be learnt yet."""
    measured: list[Measured]


def describe_outcome(record: Mapping[str, Any], name_of: Callable[[str], str], say: Catalogue) -> Outcome:
    """Return what the page says; `name_of` gives the name of a tag in the reader's language.

    Of the records of earlier versions of chude, which lack some of it, it says the rest.
    """
    if record.get("unchanged"):
        return Outcome(say("gate-unchanged", version=record["version"]), [], [])
    verdict = "gate-refused" if not record["live"] else "gate-forced" if not record["accepted"] else "gate-live"
    tags = record.get("tags", {})
    remarks = [_refusal(tags, name_of, say, **refusal) for refusal in record.get("refusals", ())]
    remarks += [_learnt(name_of(tag), learnt, say) for tag, learnt in record.get("new_tags", {}).items()]
    remarks += [_left_out(name_of(tag), say, **counts) for tag, counts in record.get("left_out", {}).items()]
    names = {"": "", **{tag: name_of(tag) for tag in tags}}
    measured = [one for tag, places in {"": record, **tags}.items() for one in _measured(names[tag], places)]
    return Outcome(say(verdict, version=record["version"]), remarks, measured)


def _measured(name: str, places: Mapping[str, Any]) -> Iterator[Measured]:
    """Yield what the gate compared of one tag, or of all of them together."""
    for where in ("held_out", "reference"):
        if found := places.get(where):
            yield Measured(name, where, found["texts"], found["live_f1"], found["candidate_f1"], *found["interval"])


def _refusal(
    tags: Mapping[str, Any], name_of: Callable[[str], str], say: Catalogue, tag: str, place: str, why: str
) -> str:
    """Return why the gate refused the version, by one tag in one place."""
    found = tags[tag][place]
    low, high = found["interval"]
    return say(
        f"refusal-{why}",
        name=name_of(tag),
        where=say(f"gate-{place}"),
        before=say.number(found["live_f1"], 3),
        after=say.number(found["candidate_f1"], 3),
        difference=say("from-to", low=say.number(low, 3, "+"), high=say.number(high, 3, "+")),
        with_tag=found["with_tag"],
    )


def _learnt(name: str, learnt: Mapping[str, Any], say: Catalogue) -> str:
    """Return what a tag was learnt from for the first time, and how it does on the stream, as far as that is known."""
    n_words, n_with, n_without = learnt.get("keywords", 0), learnt["with"], learnt["without"]
    message = "learnt-from" if not n_words else "learnt-from-both" if n_with + n_without else "learnt-words"
    sources = say(message, n=n_words, name=name, n_with=n_with, n_without=n_without)
    if "tagged_share" not in learnt:
        return sources
    share = say.percent(learnt["tagged_share"])
    if learnt["recall"] is None:
        return f"{sources} {say('learnt-unknown', share=share)}"
    low, high = map(say.percent, learnt["recall_interval"])
    return f"{sources} {say('learnt-estimate', interval=say('from-to', low=low, high=high), share=share)}"


def _left_out(name: str, say: Catalogue, n_with: int, n_without: int) -> str:
    """Return what a tag lacks that could not be learnt."""
    lacks = "left-out-with" if n_with < NEEDED else "left-out-without"
    return say(lacks, name=name, n_with=n_with, n_without=n_without, needed=NEEDED)
