"""What both sides know of mosaics: the tasks (TASKS.md), and the options of the command."""
