"""How good tags are.

`metrics` has the figures of labels, probabilities and given tags (precision, recall, F1, average precision, calibration
error, intervals), `thresholds` chooses where a tag is given, `folds` parts examples for cross-validation so that near
duplicates stay together, `evaluation` measures a tagger on labelled examples, `baselines` measures other systems on the
same, `report` and `card` write it down.

>>> import numpy as np
>>> label = np.array([True, True, False, True])
>>> probability = np.array([0.9, 0.8, 0.7, 0.1])
>>> best_threshold(probability, label)  # F1 is 0.8 from 0.8 up, and 0.86 when everything is given
0.1
>>> round(expected_calibration_error(label, probability), 3)  # (0.1 + 0.2 + 0.7 + 0.9) / 4
0.475
"""

from training.measure.card import write_card
from training.measure.evaluation import Evaluation, evaluate, score_examples
from training.measure.folds import N_FOLDS, assign_folds
from training.measure.metrics import bootstrap_f1, expected_calibration_error, measure, measure_slices
from training.measure.report import comparison_table, write_report
from training.measure.thresholds import best_threshold, choose_threshold

__all__ = [
    "N_FOLDS",
    "Evaluation",
    "assign_folds",
    "best_threshold",
    "bootstrap_f1",
    "choose_threshold",
    "comparison_table",
    "evaluate",
    "expected_calibration_error",
    "measure",
    "measure_slices",
    "score_examples",
    "write_card",
    "write_report",
]
