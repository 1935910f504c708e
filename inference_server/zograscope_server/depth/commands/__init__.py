"""The subcommands of `zograscope` that make dioramas."""
