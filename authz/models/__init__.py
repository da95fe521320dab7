"""The rows of authz: tuples, their changes and who made them, versions of the model, what a remote engine needs."""

from authz.models.audit_entry import AuditEntry, AuditOperation
from authz.models.model_activation import ModelActivation
from authz.models.model_version import AuthorizationModelVersion, ModelOrigin
from authz.models.relationship_tuple import RelationshipTuple
from authz.models.remote_engine import DeliveryLease, RemoteModel, RemoteStore
from authz.models.tuple_change import Delivery, TupleChange, TupleOperation

__all__ = [
    "AuditEntry",
    "AuditOperation",
    "AuthorizationModelVersion",
    "Delivery",
    "DeliveryLease",
    "ModelActivation",
    "ModelOrigin",
    "RelationshipTuple",
    "RemoteModel",
    "RemoteStore",
    "TupleChange",
    "TupleOperation",
]
