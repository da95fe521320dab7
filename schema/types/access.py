"""Why somebody has access or has not, and who has."""

# The description of a field is its docstring, for clients and for us.
# ruff: noqa: D102

from __future__ import annotations

from collections.abc import Mapping

import strawberry

from authz.services import access
from authz.services.access import Explanation, Proof, Reason, Step
from schema.descriptions import field
from schema.loaders.access import HolderPage
from schema.loaders.found_page import FoundPage
from schema.scalars import JSON
from schema.types.page_info import PageInfo, page_info
from schema.types.relationship import RelationshipTuple, relationship, relationships
from schema.types.user import User


@strawberry.type(description="One thing that a step rests on: a tuple, another step, or a tuple that leads to a step.")
class AccessReason:
    """A reason."""

    tuple: RelationshipTuple | None = strawberry.field(
        description="The tuple, stored or told from the tree; null where the model alone leads to the step."
    )
    values: JSON | None = strawberry.field(
        description="What the condition of the tuple was judged by, the question's values and its own; null without."
    )
    step: int | None = strawberry.field(description="The number of the step that it leads to; null for none.")


@strawberry.type(description="That somebody has a relation to an object, or has not where the model asks for that.")
class AccessStep:
    """A step of a proof."""

    number: int = strawberry.field(description="Its place in the proof, from 0. Step 0 is what was to be proved.")
    object: str = strawberry.field(description='The object: "folder:x".')
    relation: str = strawberry.field(
        description="The relation; empty where the model excludes an expression without a name."
    )
    holds: bool = strawberry.field(description="Whether the user has the relation.")
    definition: str | None = strawberry.field(description="The line of the model that says what the relation is.")
    line: int | None = strawberry.field(description="The number of that line in the text of the model, from 1.")
    reasons: list[AccessReason] = strawberry.field(
        description="What it rests on; empty where nothing leads to the relation, or the user is that very userset."
    )


@strawberry.type(description="Grants that would turn a denial, all of them together. Each set was tried.")
class MissingGrants:
    """One way to turn a denial."""

    grants: list[RelationshipTuple] = strawberry.field(description="The tuples to write.")


@strawberry.type(description="What the model takes away by `but not`, and why.")
class AccessBlock:
    """A proof of what is excluded."""

    steps: list[AccessStep] = strawberry.field(description="The steps; the first is what takes the access away.")


@strawberry.type(description="A tuple that does not count because its condition is not met.")
class UnmetCondition:
    """A tuple and the values it was judged by."""

    tuple: RelationshipTuple = strawberry.field(description="The tuple.")
    values: JSON = strawberry.field(description="What its condition was judged by.")


@strawberry.type(description="Why a permission is given or not.")
class AccessExplanation:
    """An explanation."""

    allowed: bool = strawberry.field(description="The answer.")
    steps: list[AccessStep] = strawberry.field(
        description="Of an allow: a proof that needs each of its tuples and no other. Empty for a denial."
    )
    missing: list[MissingGrants] = strawberry.field(
        description="Of a denial: the nearest grants that would turn it, 10 at most; empty when none would."
    )
    blocks: list[AccessBlock] = strawberry.field(description="Of a denial: what was taken away, 10 at most.")
    unmet_conditions: list[UnmetCondition] = strawberry.field(
        description="Of a denial: tuples that would count under other circumstances, 10 at most."
    )


def explanation(found: Explanation) -> AccessExplanation:
    """Return an explanation for a client."""
    return AccessExplanation(
        allowed=found.allowed,
        steps=_steps(found.proof),
        missing=[MissingGrants(grants=relationships(grants)) for grants in found.missing],
        blocks=[AccessBlock(steps=_steps(proof)) for proof in found.blocks],
        unmet_conditions=[
            UnmetCondition(tuple=relationship(each.tuple), values=JSON(dict(each.values))) for each in found.unmet
        ],
    )


def _steps(proof: Proof) -> list[AccessStep]:
    return [_step(number, step) for number, step in enumerate(proof)]


def _step(number: int, step: Step) -> AccessStep:
    found = access.definition(step.object, step.relation)
    return AccessStep(
        number=number,
        object=step.object,
        relation=step.relation,
        holds=step.holds,
        definition=None if found is None else found.text,
        line=None if found is None else found.line,
        reasons=[_reason(reason) for reason in step.reasons],
    )


def _reason(reason: Reason) -> AccessReason:
    values: Mapping[str, object] | None = reason.values
    return AccessReason(
        tuple=None if reason.tuple is None else relationship(reason.tuple),
        values=None if values is None else JSON(dict(values)),
        step=reason.step,
    )


@strawberry.type(description="Somebody, or everybody of a type, who has a relation.")
class PermissionHolder:
    """One user, as authz names it."""

    name: strawberry.Private[str]
    page: strawberry.Private[HolderPage]

    @field('The name in the authorization model: "user:x"; "user:*" for everybody whom the model does not exclude.')
    def user(self) -> str:
        return self.name

    @field("The account; null when it is gone, or the name is of another kind.")
    def account(self) -> User | None:
        row = self.page.person(self.name)
        return None if row is None else User(row=row)


@strawberry.type(description="A holder and its place in a list.")
class PermissionHolderEdge:
    """A node and its cursor."""

    cursor: str = strawberry.field(description="The place in the list, for `after` and `before`.")
    node: PermissionHolder = strawberry.field(description="The holder.")


@strawberry.type(description="A page of those who have a relation to an object, by name.")
class PermissionHolderConnection:
    """A page of a list of holders."""

    found: strawberry.Private[FoundPage[str, HolderPage]]

    def _nodes(self) -> list[PermissionHolder]:
        return [PermissionHolder(name=name, page=self.found.together) for name in self.found.rows]

    @field("The holders of the page, each with its place in the list.")
    def edges(self) -> list[PermissionHolderEdge]:
        return [
            PermissionHolderEdge(cursor=self.found.cursor(place), node=node) for place, node in enumerate(self._nodes())
        ]

    @field("The holders of the page.")
    def nodes(self) -> list[PermissionHolder]:
        return self._nodes()

    @field("Where the page stands in the list.")
    def page_info(self) -> PageInfo:
        return page_info(self.found)

    @field("How many there are in the whole list.")
    def total_count(self) -> int:
        return self.found.total
