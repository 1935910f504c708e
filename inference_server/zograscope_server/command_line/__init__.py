"""The `zograscope` command."""
