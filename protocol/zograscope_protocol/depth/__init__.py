"""What both sides know of dioramas: the tasks (TASKS.md), and the options of the command."""
