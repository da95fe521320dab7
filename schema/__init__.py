"""The GraphQL API: types, queries, mutations, and the door they are reached through.

The only package that imports strawberry. It holds no rule of its own about files or permissions: resolvers ask
selectors and services, and turn what these answer into types and errors. The schema itself is ``schema.root``'s:
commands import ids and needs from here without it.
"""
