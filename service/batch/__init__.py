"""Whole files in, tags out: `chude batch`."""
