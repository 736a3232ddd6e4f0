"""The subcommands of `chude`, one module each."""
