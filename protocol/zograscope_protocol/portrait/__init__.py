"""What both sides know of moving portraits: their tasks (TASKS.md), and the command's options."""
