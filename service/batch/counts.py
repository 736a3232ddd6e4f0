"""What was done: in one block, and in all blocks so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Tagged:
    """What became of a block."""

    data: bytes
    """The block's part of the output."""
    records: int
    errors: int
    tags: Mapping[str, int]
    """How often each tag was given."""
    first_error: str
    """What is wrong with the first record that has an error."""
    position: int
    """How far into the inputs the block goes, in bytes on the disk."""
    id_keys: bytes
    """Keys of the records' ids: see `service.batch.repeated_ids`."""


@dataclass(frozen=True)
class Counts:
    """What was done so far."""

    blocks: int = 0
    bytes: int = 0
    records: int = 0
    errors: int = 0
    tags: Mapping[str, int] = field(default_factory=dict)
    first_error: str = ""

    @property
    def is_useless(self) -> bool:
        """Tell whether not one record was tagged: there was none, or each has an error."""
        return self.records == self.errors

    def with_block(self, tagged: Tagged) -> Counts:
        """Return the counts with one more block."""
        return self + Counts(1, len(tagged.data), tagged.records, tagged.errors, tagged.tags, tagged.first_error)

    def __add__(self, other: Counts) -> Counts:
        """Return the counts of both."""
        return Counts(
            self.blocks + other.blocks,
            self.bytes + other.bytes,
            self.records + other.records,
            self.errors + other.errors,
            {tag: self.tags.get(tag, 0) + other.tags.get(tag, 0) for tag in {**self.tags, **other.tags}},
            self.first_error or other.first_error,
        )
