"""From labelled examples to an artifact.

`fit_examples` starts from nothing: `segmentation` proposes terms, `terms` turns articles into bags of terms,
`estimator` fits the sentence model and `classifier` the article model beside it, `calibration` turns their out-of-fold
margins into probabilities, and `fitting` is the whole of it. `adapt` starts from an artifact and new labels, without
the old texts; `reference` is what it keeps of these. The same examples and seed give the same bytes. It imports
scikit-learn, and `chude tag` nothing of it.

>>> from pathlib import Path
>>> from training.corpus.examples import Example
>>> try:
...     fit_examples([], FitOptions(cache=Path("cache")))
... except FitError as error:
...     print(str(error)[:72])
no tag can be fitted: each needs 10 examples with it and 10 without it (
"""

from model.errors import FitError
from training.fit.adaptation import Adaptation, adapt
from training.fit.decisions import MIN_POSITIVES
from training.fit.fitting import Fit, FitOptions, fit_examples
from training.fit.reference import Reference, read_reference
from training.fit.terms import Bags

__all__ = [
    "MIN_POSITIVES",
    "Adaptation",
    "Bags",
    "Fit",
    "FitError",
    "FitOptions",
    "Reference",
    "adapt",
    "fit_examples",
    "read_reference",
]
