"""The subcommands of `zograscope` that work on collections."""
