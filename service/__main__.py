"""The `chude` command, which `python -m service` is as well."""

from __future__ import annotations

import signal


def main() -> None:
    """Run the command line and exit."""
    # Until `service.cli` is imported and handles it, Ctrl-C ends the process without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from service.cli import main as run

    run()


if __name__ == "__main__":
    main()
