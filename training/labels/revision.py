"""What labels say of a text, and what becomes of it when the text is labelled again.

Labels that say which tags were judged decide on these alone; labels that do not say it replace what was known.

>>> known = Labels(frozenset({"syria"}), judged=frozenset({"syria", "ukraine"}))
>>> later = known.revised(Labels(frozenset({"gaza"}), judged=frozenset({"gaza"})))
>>> sorted(later.tags), sorted(later.revised(Labels(frozenset({"gaza"}))).tags)
(['gaza', 'syria'], ['gaza'])
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from training.corpus.examples import Example
from training.corpus.label_fields import EVERY_TAG, union_of_judged

Evidence: TypeAlias = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Labels:
    """The labels of one text."""

    tags: frozenset[str]
    borderline: frozenset[str] = frozenset()
    evidence: Evidence = field(default_factory=dict, hash=False)
    judged: frozenset[str] | None = None
    """As in `Example`."""
    note: str = ""

    @classmethod
    def of(cls, example: Example) -> Labels:
        """Return the labels of an example."""
        return cls(example.tags, example.borderline, example.evidence, example.judged, example.note)

    def lost(self, later: Labels) -> frozenset[str]:
        """Return the tags of these labels that later ones do not have."""
        return self.tags - later.tags - later.borderline

    def revised(self, later: Labels) -> Labels:
        """Return what is known after later labels of the same text.

        A note, and the evidence of a tag that stays, are kept until others come. These labels must say what they were
        judged on where the later ones do.
        """
        if later.judged is None or EVERY_TAG in later.judged:
            is_same = (self.tags, self.borderline) == (later.tags, later.borderline)
            judged = self.judged if later.judged is None and is_same else later.judged
            whole = replace(later, judged=judged)
            earlier: Evidence = {} if later.evidence else self.evidence
        else:
            whole = self._with_judged(later, later.judged)
            earlier = {tag: sentences for tag, sentences in self.evidence.items() if tag not in later.evidence}
        kept = {tag: sentences for tag, sentences in earlier.items() if tag in whole.tags}
        return replace(whole, evidence={**kept, **later.evidence}, note=later.note or self.note)

    def _with_judged(self, later: Labels, judged: frozenset[str]) -> Labels:
        """Return these labels, but those of the tags that the later ones were judged on as the later ones say."""
        return replace(
            later,
            tags=later.tags | (self.tags - judged),
            borderline=later.borderline | (self.borderline - judged),
            judged=None if self.judged is None else union_of_judged(self.judged, judged),
        )
