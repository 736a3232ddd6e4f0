"""The parts of the documentation that follow from the code: each function returns Markdown.

`make reference` runs cog, which puts what these functions return between the marks in docs/ and README.md, such as

    <!-- [[[cog cog.out(generate.commands()) ]]] -->
    <!-- [[[end]]] -->

and `tests/test_docs_reference.py` fails while a page is not what its functions return now.
"""

from generate.commands import command_pages as commands
from generate.decisions import decision_index
from generate.errors import error_table as errors
from generate.figures import bench, card_table, summary
from generate.formats import batch_columns
from generate.formats import format_table as formats
from generate.http import endpoints, shapes
from generate.metrics import metric_table as metrics
from generate.python import exceptions, methods, tagging
from generate.settings import setting_table as settings

__all__ = [
    "batch_columns",
    "bench",
    "card_table",
    "commands",
    "decision_index",
    "endpoints",
    "errors",
    "exceptions",
    "formats",
    "methods",
    "metrics",
    "settings",
    "shapes",
    "summary",
    "tagging",
]
