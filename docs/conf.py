"""How Sphinx makes the site of these pages: `make docs`."""

from importlib.metadata import version as _version

project = "chude"
release = version = _version("chude")
author = ""
copyright = ""
extensions = ["myst_parser", "sphinxcontrib.mermaid"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["notes/**", "figures/**"]
html_theme = "furo"
html_title = "chude"
html_show_copyright = False
html_copy_source = False
html_last_updated_fmt = ""
html_static_path = ["_static"]
html_css_files = ["site.css"]

# The pages are plain Markdown, which GitHub, GitLab and editors show as well. Headings get the anchors that these give.
myst_heading_anchors = 4
myst_fence_as_directive = ["mermaid"]
suppress_warnings = ["myst.xref_missing"]  # links out of docs/ lead to files of the repository

# Drawings become SVG when the site is built, so that it needs no network; mmdr is a wheel without a browser in it.
mermaid_cmd = "mmdr"
mermaid_output_format = "svg"
mermaid_fullscreen = False
