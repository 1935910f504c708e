"""The subcommand of flip books."""
