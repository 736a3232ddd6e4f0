"""The server around the application: connections with deadlines, whole requests only, and lanes by cost.

gunicorn starts, watches and stops the worker processes; in each of them uvicorn reads and writes HTTP. What is ours:

    connection.py   deadlines and sizes of a connection, on uvicorn's protocol class
    front.py        the ASGI application: reads a body under limits, chooses a lane, writes the answer
    lanes.py        threads for requests of one cost, with a bounded queue before them
    routing.py      which lane a request takes
    wsgi.py         a whole request to the WSGI application (Flask), and its answer in pieces
    refusals.py     answers to requests that the application never sees
    supervisor.py   gunicorn's settings, and what happens when workers come and go

    >>> serve(settings, environ, folder)         # doctest: +SKIP
"""

from service.web.server.supervisor import AddressError, serve

__all__ = ["AddressError", "serve"]
