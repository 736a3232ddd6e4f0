"""The editor's page: tag a text, correct it, learn from the corrections, watch the model.

    catalogue.py     every message in Vietnamese and English, out of messages.toml
    layout.py        a template with the reader's language, and the policy that it is served under
    uploads.py       what an editor hands over -> articles and records
    marked_text.py   an explained text -> runs of characters with their tags
    table.py         many records with their tags, as rows and as files
    tagging.py       the views of the first page, `/`
    correcting.py    the views of `/correct`
    learning.py      the views of `/learn`; new_topic.py those of a topic that is made there
    watching.py      the views of `/watch`; figures.py what they show, charts.py as SVG
    templates/, static/   Jinja templates, style sheets and ES modules, served as they stand here

Views are HTML; what changes something goes over the HTTP API, with the key that the browser keeps in sessionStorage.
`/` works without scripts. Links are relative, so that all of it works behind any prefix.

>>> catalogue("en")("nav-tag")
'Tag'
"""

from service.web.page import correcting, learning, new_topic, tagging, watching
from service.web.page.catalogue import catalogue

__all__ = ["BLUEPRINTS", "catalogue"]
BLUEPRINTS = (tagging.blueprint, correcting.blueprint, learning.blueprint, new_topic.blueprint, watching.blueprint)
"""What `create_app` registers."""
