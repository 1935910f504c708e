"""The subcommands of `zograscope` that move portraits."""
