"""The metrics, out of what /metrics answers after a request has been counted."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from generate.application import application
from generate.markdown import table

_TEXTS = ("Bầu cử tổng thống Ukraine.", "Qwerty zxcvb.", "")
"""One with tags, one without a known term, one that cannot be tagged: each counter counts one of them."""


def metric_table() -> str:
    """Return the name, kind, labels and meaning of each metric."""
    with application() as app:
        client = app.test_client()
        client.post("/predict", json={"documents": [{"text": text} for text in _TEXTS]})
        answer = client.get("/metrics").get_data(as_text=True)
    rows = []
    for family in text_string_to_metric_families(answer):
        if family.name.endswith("_created"):  # only a process that counts for itself has these
            continue
        labels = sorted({label for sample in family.samples for label in sample.labels} - {"le"})
        name = f"{family.name}_total" if family.type == "counter" else family.name
        rows.append((f"`{name}`", family.type, ", ".join(f"`{label}`" for label in labels), family.documentation))
    return table(("metric", "kind", "labels", "meaning"), sorted(rows))
