"""The systems that `make bench` compares, each with one way to fit, load and ask it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"
REPO = Path(__file__).parents[2]


class System(ABC):
    """Something that tags texts; `tags` are the slugs that it may give."""

    tags: Sequence[str] = ()

    @property
    def folder(self) -> str:
        """Name of the folder for the model; systems with one name share the model."""
        return "-".join([type(self).__name__, *map(str, vars(self).values())])

    def fit(self, train: Path, folder: Path) -> None:
        """Fit on labelled records and write a model."""
        from training.corpus.examples import tag_names
        from training.corpus.readers import read_examples

        examples = read_examples([train])
        self.tags = sorted(tag_names(examples))
        self.learn([e.text for e in examples], [sorted(e.tags) for e in examples], folder)

    @abstractmethod
    def learn(self, texts: list[str], labels: list[list[str]], folder: Path) -> None:
        """Fit on texts with their tags."""

    @abstractmethod
    def load(self, folder: Path) -> None:
        """Load the model that `fit` wrote."""

    @abstractmethod
    def predict(self, texts: list[str]) -> Any:
        """Tag texts the fastest way that the system has on one thread: what is timed."""

    @abstractmethod
    def given(self, predicted: Any) -> list[set[str]]:
        """Return the tags in what `predict` returned."""


class Chude(System):
    """chude as it is; `page` says whether articles are cut out of pages first, which no peer does."""

    folder = "Chude"

    def __init__(self, page: str) -> None:
        self.page = page

    def fit(self, train: Path, folder: Path) -> None:
        """Run `chude train` with an empty cache."""
        command = [sys.executable, "-m", "service", "train", str(train), "-o", str(folder / "model")]
        environ = os.environ | {"CHUDE_CACHE": str(folder / "cache")}
        subprocess.run([*command, "--topics", str(REPO / "seeds" / "topics.toml")], check=True, env=environ, cwd=REPO)

    def learn(self, texts: list[str], labels: list[list[str]], folder: Path) -> None:
        raise NotImplementedError

    def load(self, folder: Path) -> None:
        from model import TopicTagger

        self.tagger = TopicTagger.load(folder / "model")

    def predict(self, texts: list[str]) -> Any:
        return self.tagger.tag_many(texts, page=self.page)  # type: ignore[call-overload]

    def given(self, predicted: Any) -> list[set[str]]:
        return [set(result["tags"]) for result in predicted]


class Shipped(Chude):
    """chude with the shipped model, which was fitted on more texts and has more terms; pages are cut."""

    folder = "Shipped"

    def __init__(self) -> None:
        super().__init__("auto")

    def fit(self, train: Path, folder: Path) -> None:
        """Copy the shipped model."""
        shutil.copytree(REPO / "model" / "pretrained", folder / "model")


class Floor(System):
    """What no tagger in Python can beat: lower case, as bytes."""

    def learn(self, texts: list[str], labels: list[list[str]], folder: Path) -> None:
        """There is nothing to learn."""

    def load(self, folder: Path) -> None:
        """There is nothing to load."""

    def predict(self, texts: list[str]) -> Any:
        return [text.lower().encode() for text in texts]

    def given(self, predicted: Any) -> list[set[str]]:
        return [set() for _ in predicted]


class FastText(System):
    """fastText's own Python `predict`; texts without tags have a label of their own: without it F1 is far lower."""

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def learn(self, texts: list[str], labels: list[list[str]], folder: Path) -> None:
        import fasttext

        rows = zip(texts, labels, strict=True)
        lines = (" ".join(f"__label__{t}" for t in tags or ["none"]) + f" {_line(text)}\n" for text, tags in rows)
        (folder / "train.txt").write_text("".join(lines), encoding="utf-8")
        options = {"loss": "ova", "wordNgrams": 2, "dim": self.dim, "epoch": 25, "lr": 0.3, "minCount": 3, "thread": 1}
        fasttext.train_supervised(str(folder / "train.txt"), verbose=0, **options).save_model(str(folder / "model.bin"))
        (folder / "train.txt").unlink()

    def load(self, folder: Path) -> None:
        import fasttext

        fasttext.FastText.eprint = lambda *_: None
        self.classifier = fasttext.load_model(str(folder / "model.bin"))

    def predict(self, texts: list[str]) -> Any:
        return self.classifier.predict([_line(text) for text in texts], k=-1, threshold=0.5)

    def given(self, predicted: Any) -> list[set[str]]:
        return [{label.removeprefix("__label__") for label in labels} - {"none"} for labels in predicted[0]]


class ScikitLearn(System):
    """TfidfVectorizer over words and pairs of them, and one LinearSVC a tag."""

    def learn(self, texts: list[str], labels: list[list[str]], folder: Path) -> None:
        import joblib
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.multiclass import OneVsRestClassifier
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import MultiLabelBinarizer
        from sklearn.svm import LinearSVC

        binarizer = MultiLabelBinarizer()
        pipeline = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), OneVsRestClassifier(LinearSVC()))
        pipeline.fit(texts, binarizer.fit_transform(labels))
        joblib.dump((pipeline, binarizer), folder / "model.joblib")

    def load(self, folder: Path) -> None:
        import joblib

        self.pipeline, self.binarizer = joblib.load(folder / "model.joblib")

    def predict(self, texts: list[str]) -> Any:
        return self.pipeline.predict(texts)

    def given(self, predicted: Any) -> list[set[str]]:
        return [set(tags) for tags in self.binarizer.inverse_transform(predicted)]


class Underthesea(System):
    """underthesea's TextClassifier in Rust: one for all tags, which gives a text one at most, or one a tag."""

    def __init__(self, max_words: int, one_a_tag: bool) -> None:
        self.max_words, self.one_a_tag = max_words, one_a_tag

    def learn(self, texts: list[str], labels: list[list[str]], folder: Path) -> None:
        from underthesea_core import TextClassifier

        names = {name: [name if name in tags else "none" for tags in labels] for name in self.tags}
        targets = names if self.one_a_tag else {"all": [tags[0] if tags else "none" for tags in labels]}
        for name, target in targets.items():
            classifier = TextClassifier(ngram_range=(1, self.max_words))
            classifier.fit(texts, target)
            classifier.save(str(folder / f"{name}.bin"))

    def load(self, folder: Path) -> None:
        from underthesea_core import TextClassifier

        self.classifiers = [TextClassifier.load(str(path)) for path in sorted(folder.glob("*.bin"))]

    def predict(self, texts: list[str]) -> Any:
        return [[classifier.predict(text) for text in texts] for classifier in self.classifiers]

    def given(self, predicted: Any) -> list[set[str]]:
        return [set(labels) - {"none"} for labels in zip(*predicted, strict=True)]


def _line(text: str) -> str:
    return text.replace("\n", " ")


SYSTEMS: dict[str, System] = {
    "chude, pages cut": Chude("auto"),
    "chude": Chude("never"),
    "chude, shipped model, pages cut": Shipped(),
    "fastText, 100 dimensions": FastText(100),
    "fastText, 10 dimensions": FastText(10),
    "underthesea, words": Underthesea(1, one_a_tag=False),
    "underthesea, pairs": Underthesea(2, one_a_tag=False),
    "underthesea, pairs, one a tag": Underthesea(2, one_a_tag=True),
    "scikit-learn TF-IDF (1,2) + SVM": ScikitLearn(),
    "str.lower().encode()": Floor(),
}
