"""`python -m service` is the `chude` command."""

from service.cli import main

main()
