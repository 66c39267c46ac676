"""Floor 6: the command line, one file per command."""
