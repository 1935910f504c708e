"""The subcommands of `zograscope` that compare images."""
