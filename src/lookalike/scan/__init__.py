"""Sources to the catalog: listed, read, decoded, hashed, stored; and what was found of them, image by image.

`scanning` is the way of files, `loading` that of hash tables, `recalling` that of what the catalog knows already; `gathering`
brings them together. `streaming` goes the same way in bounded memory, for hashes alone.
"""
