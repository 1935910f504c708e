"""What both sides agree on about generators that dream: TASKS.md and the typed options."""
