"""Images to matches: equal bytes and equal pixels are one item; items are joined, verified and grouped.

Further frames of animations are pictures of their own, and hashes without pictures are read again where they may match.
"""
