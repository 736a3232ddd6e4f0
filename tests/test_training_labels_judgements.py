"""Partial judgement: what nobody decided on is no negative, from the file to the store to the fit."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from model.document import Document
from model.errors import Problem
from training.corpus.examples import COLUMNS, Example, judged_matrix, parse_record
from training.corpus.readers import read_examples
from training.corpus.writers import write_examples
from training.fit.decisions import choose_tags, decision_weights
from training.fit.fitting import FitOptions, fit_examples
from training.labels.revision import Labels
from training.labels.store import Labelling, LabelStore
from training.labels.taken import TakenTags, as_field, as_option

ALL = frozenset({"*"})


def labelled(text: str, *tags: str, judged: frozenset[str] | None = None, note: str = "") -> Example:
    return Example(text, Document(text=text), frozenset(tags), judged=judged, note=note)


def labels(*tags: str, judged: str | None = None, note: str = "") -> Labels:
    return Labels(frozenset(tags), judged=None if judged is None else frozenset(judged.split()), note=note)


@pytest.mark.parametrize(
    ("fields", "judged"),
    [
        ({"tags": ["gaza"]}, None),
        ({"tags": ["gaza"], "judged": None}, None),
        ({"tags": ["gaza"], "judged": []}, {"gaza"}),
        ({"tags": [], "judged": ["gaza"]}, {"gaza"}),
        ({"tags": "gaza", "borderline": "syria", "judged": "ukraine"}, {"gaza", "syria", "ukraine"}),
        ({"tags": ["gaza"], "judged": "*"}, {"*"}),
        ({"tags": ["gaza"], "judged": ["syria", "*"]}, {"*"}),
        ({"tags": "gaza", "judged": "* syria"}, {"*"}),
        ({"cats": {"gaza": 1.0, "syria": 0.0, "Th\u1ec3 thao": 0.0}}, {"gaza", "syria"}),
        ({"label": "gaza", "answer": "reject"}, {"gaza"}),
    ],
)
def test_what_a_record_says_was_judged(fields: dict[str, object], judged: set[str] | None) -> None:
    example = parse_record({"text": "Một bài", **fields}, "f", 1)
    assert isinstance(example, Example)
    assert example.judged == judged
    of_file = parse_record({"text": "Một bài", **fields}, "f", 1, replace(COLUMNS, judged=frozenset({"climate"})))
    assert isinstance(of_file, Example)
    assert of_file.judged == ({"climate", "gaza"} if judged is None else judged)


def test_bad_judgements_and_notes_are_named() -> None:
    record = {"text": "Một bài", "tags": [], "judged": ["Gaza"], "note": ["x"]}
    problems = parse_record(record, "f", 1)
    assert isinstance(problems, list)
    assert [(problem.field, problem.message[:16]) for problem in problems if isinstance(problem, Problem)] == [
        ("note", "must be a string"),
        ("judged", "'Gaza' is no tag"),
    ]


def test_a_record_that_decides_nothing_is_refused() -> None:
    problems = parse_record({"text": "Một bài", "tags": [], "judged": []}, "f", 1)
    assert isinstance(problems, list)
    assert [problem.message[:31] for problem in problems] == ["is empty, and so are the tags: "]


def test_yes_or_no_answers_are_judged_on_what_was_asked(tmp_path: Path) -> None:
    answers = [("gaza", "accept"), ("syria", "reject")]
    lines = [json.dumps({"text": "Một bài", "label": label, "answer": answer}) for label, answer in answers]
    (tmp_path / "prodigy.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (example,) = read_examples([tmp_path / "prodigy.jsonl"])
    assert (example.tags, example.judged) == ({"gaza"}, {"gaza", "syria"})


def test_later_labels_decide_on_what_was_judged() -> None:
    known = labels("syria", "gaza", judged="syria gaza ukraine", note="xem lại")
    assert known.revised(labels(judged="gaza")) == labels("syria", judged="syria gaza ukraine", note="xem lại")
    assert known.revised(labels("climate", judged="climate", note="b")) == labels(
        "syria", "gaza", "climate", judged="syria gaza ukraine climate", note="b"
    )
    assert known.revised(labels("ukraine")) == labels("ukraine", note="xem lại"), "what is unsaid replaces all"
    assert known.revised(labels("gaza", "syria")) == known, "nothing is new in it"
    assert known.revised(labels("ukraine", judged="*")) == labels("ukraine", judged="*", note="xem lại")
    shown = replace(known, evidence={"syria": ("Bom.",), "gaza": ("Lửa.",)})
    partial = Labels(frozenset({"climate"}), evidence={"climate": ("Nóng.",)}, judged=frozenset({"climate", "gaza"}))
    assert shown.revised(partial).evidence == {"syria": ("Bom.",), "climate": ("Nóng.",)}


def test_unsaid_judgements_are_those_of_the_origin(store: LabelStore) -> None:
    old, gaza = Labelling("an", "all.jsonl"), Labelling("an", "gaza.jsonl")
    store.add([labelled("một", "syria"), labelled("hai", "ukraine"), labelled("ba")], old)
    store.add([labelled("bốn", "gaza"), labelled("năm"), labelled("sáu", judged=frozenset({"climate"}))], gaza)
    store.add([labelled("bảy")], Labelling("an", "none.jsonl"))
    judged = {example.text: example.judged for example in store.judged_examples()}
    everything = frozenset({"syria", "ukraine"})
    assert judged == {
        **{"một": everything, "hai": everything, "ba": everything},
        **{"bốn": {"gaza"}, "năm": {"gaza"}, "sáu": {"climate"}, "bảy": ALL},
    }
    assert [example.judged for example in store.examples()] == [None] * 5 + [{"climate"}, None]
    assert store.judged_by_default(gaza) == {"gaza"}
    assert store.judged_by_default(Labelling("em", "gaza.jsonl")) == ALL
    store.add([labelled("ba", judged=frozenset({"gaza"}))], gaza)
    kept = {example.text: example.judged for example in store.judged_examples()}
    assert kept["ba"] == {"syria", "ukraine", "gaza"}, "what its origin had judged stays judged"


def test_an_export_is_judged_on_the_same_tags_when_it_comes_back(store: LabelStore, tmp_path: Path) -> None:
    store.add([labelled("một", "syria"), labelled("hai", "ukraine", note="chưa chắc")], Labelling("an", "all.jsonl"))
    store.add([labelled("bốn", "gaza"), labelled("năm", judged=ALL)], Labelling("an", "gaza.jsonl"))
    before = {example.text: example.judged for example in store.judged_examples()}
    assert [example.judged for example in store.exported_examples()] == [None, None, {"gaza"}, ALL]
    write_examples(store.exported_examples(), tmp_path / "out.csv")
    again = LabelStore(f"sqlite:///{tmp_path / 'again.sqlite'}")
    again.add(read_examples([tmp_path / "out.csv"]), Labelling("em", "out.csv"))
    assert {example.text: example.judged for example in again.judged_examples()} == before
    assert {example.note for example in again.examples()} == {"", "chưa chắc"}
    again.engine.dispose()


TAGS = st.frozensets(st.sampled_from(["gaza", "syria", "ukraine"]))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from(["một", "hai"]), TAGS, st.none() | TAGS | st.just(ALL)),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from([".jsonl", ".csv", ".json"]),
)
@example([("a", "một", frozenset(), None), ("b", "một", frozenset({"syria"}), frozenset({"syria"}))], ".jsonl")
@example([("a", "một", frozenset(), None), ("b", "hai", frozenset({"gaza"}), None)], ".csv")
def test_whatever_is_in_the_store_comes_back_from_its_export(
    imported: list[tuple[str, str, frozenset[str], frozenset[str] | None]], suffix: str
) -> None:
    with TemporaryDirectory() as folder:
        store, again = (LabelStore(f"sqlite:///{folder}/{name}.sqlite") for name in ("first", "again"))
        for who, text, tags, judged in imported:
            if tags or judged != frozenset():  # a record that decides nothing is refused
                whole = judged if judged is None or judged == ALL else judged | tags
                store.add([labelled(text, *tags, judged=whole)], Labelling(who, who))
        out = Path(folder, f"out{suffix}")
        if write_examples(store.exported_examples(), out):
            again.add(read_examples([out]), Labelling("em", out.name))
        assert _known(again) == _known(store)
        store.engine.dispose()
        again.engine.dispose()


def _known(store: LabelStore) -> dict[str, tuple[frozenset[str], frozenset[str] | None]]:
    return {example.text: (example.tags, example.judged) for example in store.judged_examples()}


def test_labels_of_an_older_chude_with_all_tags_and_one_are_all_tags(store: LabelStore) -> None:
    store.add([labelled("một", judged=frozenset({"*", "syria"}))], Labelling("an", "a.jsonl"))
    assert [example.judged for example in store.exported_examples()] == [ALL]


def test_what_labels_take_away_is_counted() -> None:
    taken = TakenTags()
    result = {"tags": ["syria", "ukraine"], "scores": {}, "model": "v"}
    examples = [
        labelled("a", "gaza"),
        labelled("b", "syria"),
        labelled("c", judged=frozenset({"syria"})),
        Example("d", Document(text="d"), frozenset(), frozenset({"syria", "ukraine"})),
    ]
    taken.count(examples, [result] * 4)
    assert taken.lost(frozenset({"syria", "gaza"})) == {"syria": 2}
    assert taken.lost(ALL) == {"syria": 2, "ukraine": 2}
    assert list(taken.messages(frozenset({"syria", "gaza"}), ["syria", "ukraine"], as_option)) == [
        "2 of 4 texts lose syria: judged, or not looked at? use --judged gaza",
        "2 of 4 texts have ukraine from the live model, and no label of the same origin has it: it counts as not "
        "judged (--judged all takes it away)",
    ]
    assert 'use "judged": ["gaza"]' in next(taken.messages(ALL, ["syria"], as_field))


def test_what_was_not_judged_is_no_negative_in_a_fit(seed_examples: list[Example], cache: Path) -> None:
    with_syria = [replace(e, tags=frozenset({"syria"})) for e in seed_examples if "syria" in e.tags][:20]
    without = [e for e in seed_examples if not e.tags][:20]
    # As many texts on Syria again, whose labels are about another tag: as negatives they would leave a coin to toss.
    unseen = [replace(e, tags=frozenset(), judged=frozenset({"gaza"})) for e in with_syria]
    examples = [*with_syria, *without, *(replace(e, id=f"again {e.id}") for e in unseen)]
    assert choose_tags(examples) == (["syria"], [])
    assert choose_tags([*with_syria, *unseen]) == ([], ["syria"]), "no text was judged not to have it"
    weights = decision_weights(examples, ["syria", "gaza"])
    assert weights.sum(axis=0).tolist() == [40, 60]
    assert judged_matrix(examples, ["syria"]).sum() == 40
    fit = fit_examples(examples, FitOptions(cache=cache, jobs=1, penalties=(1.0,)))
    figures = fit.artifact.metrics["all"]["all decisions"]["tags"]["syria"]
    assert (figures["support"], figures["f1"] > 0.9) == (20, True)
    assert np.median(fit.out_of_fold[40:]) > 0.5
