"""The documentation's site: what `make docs` generates beside the pages of docs/.

`hooks.py` is what MkDocs calls (see mkdocs.yml); the other modules make pages and pictures.
"""
