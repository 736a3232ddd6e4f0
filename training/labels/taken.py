"""Tags that the live model gives and new labels do not: faults of the model, or tags that nobody looked for."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from model import TextError
from training.corpus.examples import Example
from training.corpus.label_fields import EVERY_TAG


@dataclass
class TakenTags:
    """Counts of the tags that a model gives to texts and their labels do not."""

    n_texts: int = 0
    by_judgement: Counter[str] = field(default_factory=Counter)
    """How many texts lose each tag because their labels say that it was judged."""
    unsaid: Counter[str] = field(default_factory=Counter)
    """How many texts have each tag by the model, and labels that do not say what was judged."""
    given: Counter[str] = field(default_factory=Counter)
    """How many texts have each tag by their labels."""

    def count(self, examples: Sequence[Example], results: Sequence[Mapping[str, Any] | TextError]) -> None:
        """Count examples beside what the model gives their texts."""
        for example, result in zip(examples, results, strict=True):
            self.n_texts += 1
            self.given.update(example.tags)
            if isinstance(result, TextError):
                continue
            missing = frozenset(result["tags"]) - example.tags - example.borderline
            if example.judged is None:
                self.unsaid.update(missing)
            else:
                self.by_judgement.update(tag for tag in missing if example.decides(tag))

    def lost(self, judged: frozenset[str]) -> Counter[str]:
        """Return how many texts lose each tag; `judged` is for labels that do not say what they were judged on."""
        unsaid = {tag: n for tag, n in self.unsaid.items() if tag in judged or EVERY_TAG in judged}
        return self.by_judgement + Counter(unsaid)

    def messages(
        self, judged: frozenset[str], known: Sequence[str], setting: Callable[[Sequence[str]], str]
    ) -> Iterator[str]:
        """Yield a line for each tag that texts lose or would lose.

        `known` are the tags of the model; `setting` makes of tags the option or the field which says that they
        were judged: `as_option` or `as_field`.
        """
        lost = self.lost(judged)
        for tag in sorted({*lost, *self.unsaid}):
            if tag not in lost:
                yield (
                    f"{self._share(self.unsaid[tag])} {tag} from the live model, and no label of the same origin has "
                    f"it: it counts as not judged ({setting([EVERY_TAG])} takes it away)"
                )
            elif self.unsaid[tag]:
                question = f"judged, or not looked at? use {setting(self._new(known))}"
                yield f"{self._share(lost[tag], 'lose')} {tag}: {question}"
            else:
                yield f"{self._share(lost[tag], 'lose')} {tag}, which the live model gives"

    def _share(self, n: int, verb: str = "have") -> str:
        return f"{n:,} of {self.n_texts:,} texts {verb}"

    def _new(self, known: Sequence[str]) -> list[str]:
        """Return the tags that these labels are probably about: those that the model does not know."""
        return sorted(self.given.keys() - set(known)) or sorted(self.given) or ["TAG"]


def as_option(tags: Sequence[str]) -> str:
    """Return the option of the command line that says that tags were judged.

    >>> as_option(["gaza", "climate"]), as_option(["*"])
    ('--judged gaza,climate', '--judged all')
    """
    return f"--judged {','.join(tags).replace(EVERY_TAG, 'all')}"


def as_field(tags: Sequence[str]) -> str:
    """Return the field of a record that says that tags were judged.

    >>> as_field(["gaza", "climate"])
    '"judged": ["gaza", "climate"]'
    """
    return f'"judged": {json.dumps(tags)}'
