"""`python -m zograscope_server.command_line` is the `zograscope` command."""

import sys

from zograscope_server.command_line.main import main

sys.exit(main())
