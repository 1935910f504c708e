"""The subcommands of `zograscope` that train generators and dream with them."""
