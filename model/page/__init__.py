"""The article in a page."""
