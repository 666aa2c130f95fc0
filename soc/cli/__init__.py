"""Door: the command line (Typer). Each command is a few lines over soc.app."""
