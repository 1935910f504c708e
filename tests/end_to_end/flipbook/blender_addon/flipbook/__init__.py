"""A word travels across pages: the settings, operator, panel and command for it."""
