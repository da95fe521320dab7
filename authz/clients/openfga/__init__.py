"""The client of a real OpenFGA server.

``client`` answers; ``store`` finds or makes the store and the model. Below them: ``questions`` (whole checks and lists,
and the ``contextual`` tuples that go along), ``lists`` (pages, from the ``projection``; shared in a request by
``moments``, and by later ones while it is ``kept``, which the ``feed`` of changes has a say in),
``reading`` and ``models``, ``outbox`` and ``delivery`` (writes), ``patched`` (answers while a deletion is on its way),
``drift`` (what a store has and what is ``desired``, compared by way of a ``scratch`` file).
At the bottom: ``remote`` (one store, one model), ``wire`` (JSON), ``calls`` and ``failures``, ``breaker``, and
``transport``, the one module that imports openfga_sdk. Rules that all of them keep:

- An answer counts when it is exactly what was asked for; ``allowed`` is ``True`` and nothing else. Everything else that
  comes, and everything that does not come in time, is AuthorizationUnavailable.
- What is on its way to the server is read *before* the server is asked. The other way round, a deletion that is
  delivered in between would be seen by neither.
"""
