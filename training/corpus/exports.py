"""The labels of records that other tools have exported: Label Studio, doccano, Prodigy and spaCy.

{"text": ..., "annotations": [{"result": [{"type": "choices", "value": {"choices": ["rice"]}}]}]}   Label Studio
{"text": ..., "label": ["rice"]}, or "labels"                                                       doccano
{"text": ..., "accept": ["rice"], "answer": "accept"}                                               Prodigy, choice
{"text": ..., "label": "rice", "answer": "reject"}                                                  Prodigy, yes or no
{"text": ..., "cats": {"rice": 1.0, "sport": 0.0}}                                                spaCy
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from model.document import FieldError, shorten

MIN_VALUE = 0.5
"""Value in spaCy's `cats` from which a text has the tag."""
LABEL_FIELDS = (
    *("tags", "borderline", "evidence", "judged", "note"),
    *("annotations", "answer", "accept", "cats", "label", "labels"),
)
"""Fields that a record may have its labels in."""
_CHOICES = ("choices", "taxonomy")
_WHOLE_TEXTS = (
    "only labels of whole texts are read: export a project of text classification (Label Studio: one with Choices; "
    'doccano: Document Classification; Prodigy: textcat), such as {"text": "...", "label": ["a-tag"]}'
)
LABELS_PARTS = f"labels parts of the text, and {_WHOLE_TEXTS}"
"""What is wrong with labels of parts of a text, and what to do."""


class Skipped(Exception):
    """The annotator has left the record without an answer."""


@dataclass(frozen=True)
class Answer:
    """What an annotator said of one text: the tags, of all of them or of one alone."""

    tags: object
    """As a file has them: not checked yet."""
    of_one_tag: bool = False
    """Whether only one tag was asked for; other records of the same text have the others."""
    judged: tuple[str, ...] | None = None
    """The tags that the annotator was asked about, where the tool says that; not checked yet."""


def answer_of(fields: Mapping[str, object], label_field: str = "", *, choices_elsewhere: bool = False) -> Answer | None:
    """Return the labels of a record, None where there are none. Raises FieldError, Skipped for one without an answer.

    `label_field` names the field, of the record or of Label Studio's tasks, that has the labels. A task with nothing
    but labels of parts of the text has no tag where other tasks of its project have choices (`choices_elsewhere`), and
    is refused otherwise.
    """
    if label_field and label_field in fields:
        return Answer(_listed(label_field, fields[label_field]))
    annotations = fields.get("annotations")
    if isinstance(annotations, list) and "tags" not in fields:
        return Answer(_annotated(annotations, label_field, choices_elsewhere))
    if label_field:
        return None
    if fields.get("tags") is not None:
        return Answer(fields["tags"])
    if "answer" in fields:
        return _prodigy(fields)
    if "cats" in fields:
        return _cats(fields["cats"])
    for name in ("label", "labels"):
        if fields.get(name) is not None:
            return Answer(_listed(name, fields[name]))
    if isinstance(fields.get("entities"), list):
        raise FieldError("entities", LABELS_PARTS)
    return None


def has_labels(columns: Iterable[str]) -> bool:
    """Tell whether a table with these columns can have labels."""
    return bool({"tags", "label", "labels"} & set(columns))


def _listed(name: str, value: object) -> object:
    """Return doccano's labels, or Label Studio's in its JSON-MIN."""
    if isinstance(value, Mapping) and "choices" in value:
        value = value["choices"]
    if isinstance(value, list) and any(isinstance(label, list | Mapping) for label in value):
        raise FieldError(name, LABELS_PARTS)
    return value.replace("#", " ") if isinstance(value, str) else value  # how doccano joins labels in CSV


def _prodigy(fields: Mapping[str, object]) -> Answer:
    answer = fields["answer"]
    if answer not in ("accept", "reject", "ignore"):
        raise FieldError("answer", f'must be "accept", "reject" or "ignore", not {shorten(repr(answer), 40)}')
    if answer == "ignore":
        raise Skipped
    label = fields.get("label")
    if isinstance(label, str):
        return Answer([label] if answer == "accept" else [], of_one_tag=True, judged=(label,))
    if answer == "reject":
        raise Skipped  # of a choice of several: it says that the text, or the question, was no good
    if fields.get("accept") is None and "spans" in fields:
        raise FieldError("spans", LABELS_PARTS)
    return Answer(fields.get("accept"))


def _cats(value: object) -> Answer:
    if not isinstance(value, Mapping) or not all(isinstance(share, int | float) for share in value.values()):
        raise FieldError("cats", f'must be an object such as {{"a-tag": 1.0}}, not {shorten(repr(value), 40)}')
    return Answer([str(tag) for tag, share in value.items() if share >= MIN_VALUE], judged=tuple(map(str, value)))


def _annotated(annotations: Sequence[object], label_field: str, choices_elsewhere: bool) -> list[object]:
    """Return the labels of a task: those of the ground truth, or else of the annotation that was finished last."""
    finished = [one for one in annotations if isinstance(one, Mapping) and not one.get("was_cancelled")]
    if len(annotations) and not all(isinstance(one, Mapping) for one in annotations):
        raise FieldError("annotations", "is not as Label Studio exports it: use its JSON export")
    if not finished:
        raise Skipped
    last = max(reversed(finished), key=lambda one: (bool(one.get("ground_truth")), _time(one)))
    fields = choice_fields([last])
    if not label_field and len(fields) > 1:
        raise FieldError("annotations", ambiguous(fields))
    if not fields and not choices_elsewhere and (kinds := other_kinds([last])):
        raise FieldError("annotations", no_choices(kinds))
    return [
        label
        for part in _choices(last)
        if not label_field or part.get("from_name") == label_field
        for label in _labels(part)
    ]


def _time(annotation: Mapping[str, object]) -> str:
    return str(annotation.get("updated_at") or annotation.get("created_at") or "")


def ambiguous(fields: Sequence[str]) -> str:
    """Return what to do about several fields that may have the tags."""
    return f"has labels in several fields, {', '.join(fields)}: pick one, such as --label-field {fields[0]}"


def choice_fields(annotations: Iterable[object]) -> list[str]:
    """Return the names of the fields that the annotations have labels in, in order; what is none has none."""
    names: dict[str, None] = {}
    for annotation in annotations:
        with suppress(FieldError):
            names.update((str(part.get("from_name", "")), None) for part in _choices(annotation))
    return list(names)


def no_choices(kinds: Sequence[str]) -> str:
    """Return what to do about annotations that have nothing but results of other kinds than choices."""
    named = ", ".join(f'"{kind}"' for kind in kinds)
    return f'has results of the type {named} and none of "choices" or "taxonomy": {_WHOLE_TEXTS}'


def other_kinds(annotations: Iterable[object]) -> list[str]:
    """Return the kinds of results in the annotations that are no labels of the whole text, in order."""
    kinds: dict[str, None] = {}
    for annotation in annotations:
        with suppress(FieldError):
            kinds.update(
                (str(part.get("type")), None) for part in _parts(annotation) if part.get("type") not in _CHOICES
            )
    return list(kinds)


def _choices(annotation: object) -> list[Mapping[str, object]]:
    return [part for part in _parts(annotation) if part.get("type") in _CHOICES]


def _parts(annotation: object) -> list[Mapping[str, object]]:
    result = annotation.get("result") if isinstance(annotation, Mapping) else None
    if not isinstance(result, list) or not all(isinstance(part, Mapping) for part in result):
        raise FieldError("annotations", "is not as Label Studio exports it: use its JSON export")
    return result


def _labels(part: Mapping[str, object]) -> list[object]:
    """Return the labels of a field: the choices, or the last step of each path in a taxonomy."""
    value = part.get("value")
    labels = value.get(str(part["type"])) if isinstance(value, Mapping) else None
    if not isinstance(labels, list):
        raise FieldError("annotations", "is not as Label Studio exports it: use its JSON export")
    return [label[-1] if isinstance(label, list) and label else label for label in labels]
