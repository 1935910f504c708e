"""What both sides know of flip books: the task (TASKS.md), and the options of the command."""
