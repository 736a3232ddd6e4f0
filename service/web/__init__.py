"""The HTTP service: a Flask application behind gunicorn."""
