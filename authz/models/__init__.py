"""The rows of authz: tuples, the log of their changes, and the versions of the model."""

from authz.models.model_version import AuthorizationModelVersion
from authz.models.relationship_tuple import RelationshipTuple
from authz.models.tuple_change import TupleChange, TupleOperation

__all__ = ["AuthorizationModelVersion", "RelationshipTuple", "TupleChange", "TupleOperation"]
