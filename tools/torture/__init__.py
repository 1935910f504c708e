"""`make torture`: a server under attack, with the same attack for the same seed.

Whoever may be hostile is: strangers' frames and connections, files, the web, small disks, and
whatever kills processes. Each module is one kind of attack; `__main__.py` runs them and judges.
"""
