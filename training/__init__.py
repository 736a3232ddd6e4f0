"""Labelled examples to artifacts: reading, fitting, thresholds, evaluation."""
