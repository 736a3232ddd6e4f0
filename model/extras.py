"""Which optional part of chude brings a library that is not installed.

The base install tags, batches and serves. What needs more imports it where it is used, so that the import error is the
one place where a missing part shows:

>>> try:
...     raise ModuleNotFoundError("No module named 'sklearn.base'", name="sklearn.base")
... except ModuleNotFoundError as error:
...     how_to_install(error)
"scikit-learn is not installed: pip install 'chude[train]'"
"""

from __future__ import annotations

_EXTRAS = {
    "sklearn": ("scikit-learn", "train"),
    "scipy": ("scipy", "train"),
    "threadpoolctl": ("scikit-learn", "train"),
    "underthesea": ("underthesea", "train"),
    "underthesea_core": ("underthesea", "train"),
    "datasketch": ("datasketch", "train"),
    "matplotlib": ("matplotlib", "train"),
    "pyarrow": ("pyarrow", "parquet"),
    "dask": ("dask", "cluster"),
    "distributed": ("dask", "cluster"),
    "psycopg": ("psycopg", "postgres"),
    "psycopg2": ("psycopg", "postgres"),
    "fasttext": ("fastText", "peers"),
    "xlsxwriter": ("XlsxWriter", ""),
    "python_calamine": ("python-calamine", ""),
}
"""The library and the extra that brings it, by the name that is imported; the base install brings those without."""


def how_to_install(error: ImportError) -> str | None:
    """Return what to install for a failed import, in one line, or None when no extra of chude brings it."""
    library = _EXTRAS.get((error.name or "").partition(".")[0])
    if library is None:
        return None
    name, extra = library
    package = f"'chude[{extra}]'" if extra else "chude"
    return f"{name} is not installed: pip install {package}"
