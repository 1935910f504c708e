"""The subcommands of `zograscope` about what a file is, and who signs."""
