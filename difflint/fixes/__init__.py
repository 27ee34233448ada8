"""Fixes: from what a check means (`difflint.edits`) to the text of a file, and from there to the file.

`resolve` works out the text of each edit, `patch` puts the edits of one round into files and notebooks, `rounds` lints
again until nothing is left to fix. Nothing is written before all of it is known.
"""
