"""Candidates to verdicts: pairs are verified on thumbnails and, where these leave doubts, on files.

`confirming` is the last look, at both files whole, before one of them goes.
"""
