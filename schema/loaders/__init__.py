"""What a request loads, in groups: the rows of one page are one group, and what one of them needs is loaded for all.

Loaders call selectors and services for a ``Viewer`` and return rows. They know no type of the API and no request.
"""
