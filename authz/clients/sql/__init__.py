"""Permissions as SQL: what the embedded client runs, and the predicate that lists are filtered by.

``structure`` says where the edges of the tree stand; ``subjects`` finds everything that stands for an actor;
``predicate`` joins the two. SQLite and PostgreSQL, told apart in ``dialect``, by how contexts are
read in ``conditions``, and by the order of joins in ``candidates``.
"""
