"""Every error that chude raises on purpose.

    ChudeError
    ├── TextError          the text cannot be tagged as it is
    │   ├── EmptyText          nothing but space, or no letter of the alphabet
    │   ├── TextTooLong        more characters than the limit
    │   ├── NoArticle          a page with no article in it: a front page, a login page
    │   ├── PageTooComplex     HTML with more tags, attributes or nesting than the page of an article has
    │   ├── UnreadableText     bytes that are no text, or text in an encoding that is not converted
    │   └── FieldError         a field of a record that cannot be read as text
    ├── ArtifactError      the artifact cannot be used
    │   ├── ArtifactMissing    no manifest in the folder
    │   ├── ArtifactDamaged    a digest, an array or a field is not what it should be
    │   ├── ArtifactTooNew     written by a later chude
    │   ├── NoModel            no version can be served: the live one is broken, and so are those to fall back to
    │   └── VersionError       no such version, or none to go back to
    ├── StorageError       a file of the home folder cannot be read or written
    │   └── StorageFull        no space is left for it
    ├── SettingError       a `CHUDE_...` variable that cannot be used
    ├── DataError          labelled data cannot be used; carries one `Problem` per bad record
    └── FitError           the data are readable, but nothing can be fitted on them

`code` is the stable name that machines see; the message says what is wrong, where, and what to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self


class ChudeError(Exception):
    """Root of all errors that a user can cause or mend."""

    code = "error"


class TextError(ChudeError):
    """The text cannot be tagged as it is."""

    code = "bad-text"

    def located(self, place: str) -> Self:
        """Return the same error with the place of the text, such as a file's name, before its message."""
        return type(self)(f"{place}: {self}")


class EmptyText(TextError):
    """There is no word in the text."""

    code = "empty-text"


class TextTooLong(TextError):
    """The text has more characters than the limit."""

    code = "text-too-long"


class NoArticle(TextError):
    """The page has no article in it."""

    code = "no-article"


class PageTooComplex(TextError):
    """HTML has more tags, attributes or elements inside each other than the page of an article has."""

    code = "page-too-complex"


class UnreadableText(TextError):
    """The bytes are no text in an encoding that chude reads."""

    code = "unreadable-text"


class FieldError(TextError):
    """A field of a record cannot be read as text."""

    code = "bad-record"

    def __init__(self, field: str, message: str, place: str = "", code: str = "bad-record") -> None:
        """Take the name of the field, what is wrong with it and what to do, and where the record stands."""
        super().__init__(field, message, place, code)
        self.field, self.message, self.place, self.code = field, message, place, code

    def __str__(self) -> str:
        return ": ".join(part for part in (self.place, self.field, self.message) if part)

    def located(self, place: str) -> Self:
        """Return the same error with the place of the record before its message."""
        return type(self)(self.field, self.message, f"{place}: {self.place}" if self.place else place, self.code)


class ArtifactError(ChudeError):
    """The artifact cannot be used."""

    code = "bad-artifact"


class ArtifactMissing(ArtifactError):
    """There is no artifact in the folder."""

    code = "artifact-missing"


class ArtifactDamaged(ArtifactError):
    """A digest, an array or a field of the artifact is not what it should be."""

    code = "artifact-damaged"


class ArtifactTooNew(ArtifactError):
    """The artifact was written by a later chude."""

    code = "artifact-too-new"


class NoModel(ArtifactError):
    """No version can be served."""

    code = "no-model"


class VersionError(ArtifactError):
    """There is no such version, or none to go back to."""

    code = "unknown-version"


class StorageError(ChudeError):
    """A file of the home folder cannot be read or written."""

    code = "storage-failed"


class StorageFull(StorageError):
    """There is no space left on the disk."""

    code = "disk-full"


class SettingError(ChudeError):
    """A setting cannot be used."""

    code = "bad-setting"


@dataclass(frozen=True)
class Problem:
    """One thing wrong with one record: where it stands and what to do."""

    file: str
    line: int
    """Line or row, from 1; 0 when the whole file is meant."""
    field: str
    """Name of the column or key; empty when the whole record is meant."""
    message: str
    value: str = ""
    """The tag that is meant, when one tag is at fault."""
    code: str = "bad-record"
    """Stable name of the kind of fault, for machines."""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.field}: {self.message}" if self.field else f"{where}: {self.message}"


class DataError(ChudeError):
    """Labelled data cannot be used; `problems` has one entry per bad record."""

    code = "bad-data"

    def __init__(self, problems: list[Problem]) -> None:
        """Take at least one problem; the first one becomes the message."""
        self.problems = problems
        more = f" (and {len(problems) - 1} more: `chude check` lists them all)" if len(problems) > 1 else ""
        super().__init__(f"{problems[0]}{more}")


class FitError(ChudeError):
    """The data are readable, but nothing can be fitted on them."""

    code = "cannot-fit"
