"""What the Zograscope extension and its helper server both know; see SPEC.md."""
