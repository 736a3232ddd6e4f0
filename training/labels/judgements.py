"""What labels were judged on that do not say it themselves: the tags that labels of the same origin have.

An origin is who gave the labels, and from where: a file that was imported, or the service. Whoever labels texts for one
new topic gives no other tag, and what nobody gave, nobody looked for: such labels must not teach that the texts lack
all the older tags. Whoever labels for all tags gives each of them now and then.

    file          labels                      judged, where a record does not say
    gaza.jsonl    gaza; gaza; none            gaza
    all.jsonl     syria; ukraine gaza; none   gaza, syria, ukraine
    none.jsonl    none; none                  every tag: labels without any tag deny them all
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import ColumnElement, Connection, exists, select

from training.corpus.label_fields import EVERY_TAG
from training.labels.schema import labellings

Origin: TypeAlias = tuple[str, str]
"""Who gave labels, and their source."""


def is_latest() -> ColumnElement[bool]:
    """Return the condition that a row of `labellings` is the latest of its text."""
    later = labellings.alias("later")
    return ~exists().where(later.c.digest == labellings.c.digest, later.c.number > labellings.c.number)


@dataclass(frozen=True)
class Judgements:
    """The tags of each origin: those in its latest labels that do not say what they were judged on."""

    by_origin: Mapping[Origin, frozenset[str]]

    @classmethod
    def read(cls, connection: Connection) -> Judgements:
        """Return the judgements of the labels in a store."""
        # Each distinct set of tags is read once: there are few of them.
        columns = (labellings.c.who, labellings.c.source, labellings.c.tags, labellings.c.borderline)
        tags: defaultdict[Origin, set[str]] = defaultdict(set)
        for row in connection.execute(select(*columns).where(labellings.c.judged.is_(None), is_latest()).distinct()):
            tags[row.who, row.source].update(row.tags.split(), row.borderline.split())
        return cls({origin: frozenset(its_tags) for origin, its_tags in tags.items()})

    def of(self, origin: Origin) -> frozenset[str]:
        """Return what labels of an origin were judged on; EVERY_TAG where none of them has a tag."""
        return self.by_origin.get(origin) or frozenset({EVERY_TAG})

    @property
    def widest(self) -> frozenset[str]:
        """Return the largest set of any origin, EVERY_TAG where none has a tag.

        That is what labels would be judged on that are exported into one file without saying it.
        """
        largest = max(self.by_origin.values(), key=lambda tags: (len(tags), sorted(tags)), default=frozenset())
        return largest or frozenset({EVERY_TAG})
