"""Flip books: a word travels across pages, drawn one after the other."""
