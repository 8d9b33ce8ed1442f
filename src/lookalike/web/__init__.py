"""The review app: pages of this machine for the one person who sits at it.

`guard` decides who may ask at all, `desk` holds what the pages are about, `pages` turns that into what templates show, `app`
says which address does what, and `serving` runs it. No page needs JavaScript; with it, keys work.
"""
