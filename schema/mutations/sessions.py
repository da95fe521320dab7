"""Signing in and out, access tokens, and the first administrator."""

# The description of a field is its docstring, for clients and for us.
# ruff: noqa: D102

from __future__ import annotations

import strawberry

from accounts.csrf import csrf_token
from accounts.principal import VISITOR
from accounts.services import access_tokens, sessions, setup
from schema.context import Context, Info
from schema.descriptions import mutation
from schema.errors import UserError
from schema.ids import Kind, decode_as
from schema.mutations.outcome import ERRORS, outcome
from schema.types.access_token import AccessToken
from schema.types.viewer import Viewer

_THIRTY_DAYS = 30 * 24 * 3600


@strawberry.input(description="Who signs in.")
class SignInInput:
    """Credentials."""

    username: str = strawberry.field(description="The username; its case does not matter.")
    password: str = strawberry.field(description="The password.")


@strawberry.type(description="The result of `signIn`.")
class SignInPayload:
    """A session in a cookie, or why there is none."""

    viewer: Viewer | None = strawberry.field(description="Who is signed in now.")
    csrf_token: str | None = strawberry.field(
        description="To be sent in the header X-CSRFToken with every request that carries the session cookie."
    )
    errors: list[UserError] = strawberry.field(description=ERRORS)


@strawberry.input(description="Nothing needs to be said.")
class SignOutInput:
    """Empty but for what GraphQL asks of an input."""

    client_mutation_id: str | None = strawberry.field(default=None, description="Ignored.")


@strawberry.type(description="The result of `signOut`.")
class SignOutPayload:
    """A visitor again."""

    viewer: Viewer | None = strawberry.field(description="The viewer, now a visitor.")
    errors: list[UserError] = strawberry.field(description=ERRORS)


@strawberry.input(description="The first administrator.")
class CompleteSetupInput:
    """The one-time token and the account to make."""

    setup_token: str = strawberry.field(description="The token that the server printed when it was started.")
    username: str = strawberry.field(description="The administrator's username.")
    password: str = strawberry.field(description="The administrator's password.")


@strawberry.type(description="The result of `completeSetup`.")
class CompleteSetupPayload:
    """The administrator, signed in, or why not."""

    viewer: Viewer | None = strawberry.field(description="The administrator, signed in.")
    csrf_token: str | None = strawberry.field(
        description="To be sent in the header X-CSRFToken with every request that carries the session cookie."
    )
    errors: list[UserError] = strawberry.field(description=ERRORS)


@strawberry.input(description="An access token to make.")
class CreateAccessTokenInput:
    """Name and lifetime."""

    name: str = strawberry.field(description="What you call it: 1 to 100 characters.")
    expires_in: int = strawberry.field(
        default=_THIRTY_DAYS, description="Seconds until it ends: 60 to 31622400. 30 days when left out."
    )


@strawberry.type(description="The result of `createAccessToken`.")
class CreateAccessTokenPayload:
    """The token with its secret, or why there is none."""

    access_token: AccessToken | None = strawberry.field(description="The token.")
    secret: str | None = strawberry.field(
        description="What a program sends as `Authorization: Bearer`. Shown this one time."
    )
    errors: list[UserError] = strawberry.field(description=ERRORS)


@strawberry.input(description="An access token to end.")
class RevokeAccessTokenInput:
    """Which one."""

    id: strawberry.ID = strawberry.field(description="One of the viewer's access tokens.")


@strawberry.type(description="The result of `revokeAccessToken`.")
class RevokeAccessTokenPayload:
    """The ended token, or why it was not ended."""

    access_token: AccessToken | None = strawberry.field(description="The token, ended.")
    errors: list[UserError] = strawberry.field(description=ERRORS)


def _begin(context: Context, signed_in: sessions.SignedIn) -> str:
    """Let the rest of the request be the one who signed in, and the answer set her cookie; return the CSRF token."""
    context.become(signed_in.principal)
    context.session_cookie = signed_in.session_key
    return csrf_token(signed_in.session_key)


@strawberry.type
class SessionMutations:
    """Part of the root."""

    @mutation("Begin a browser session. The answer sets a cookie.")
    def sign_in(self, info: Info, input: SignInInput) -> SignInPayload:
        context = info.context
        found, errors = outcome(
            lambda: sessions.sign_in(input.username, input.password, address=context.address, now=context.now)
        )
        if found is None:
            return SignInPayload(viewer=None, csrf_token=None, errors=errors)
        token = _begin(context, found)
        return SignInPayload(viewer=Viewer(context=context), csrf_token=token, errors=[])

    @mutation("End the browser session that this request belongs to.")
    def sign_out(self, info: Info, input: SignOutInput) -> SignOutPayload:
        context = info.context
        sessions.sign_out(context.principal)
        if context.principal.session_key is not None:
            context.become(VISITOR)
            context.session_cookie = ""
        return SignOutPayload(viewer=Viewer(context=context), errors=[])

    @mutation("Make the first administrator of a fresh installation, and sign in as her.")
    def complete_setup(self, info: Info, input: CompleteSetupInput) -> CompleteSetupPayload:
        context = info.context
        found, errors = outcome(
            lambda: setup.complete(input.setup_token, input.username, input.password, now=context.now)
        )
        if found is None:
            return CompleteSetupPayload(viewer=None, csrf_token=None, errors=errors)
        token = _begin(context, found)
        return CompleteSetupPayload(viewer=Viewer(context=context), csrf_token=token, errors=[])

    @mutation("Make a bearer token for a program that acts as the viewer.")
    def create_access_token(
        self,
        info: Info,
        input: CreateAccessTokenInput,
    ) -> CreateAccessTokenPayload:
        context = info.context
        found, errors = outcome(
            lambda: access_tokens.create(context.principal, input.name, expires_in=input.expires_in, now=context.now)
        )
        if found is None:
            return CreateAccessTokenPayload(access_token=None, secret=None, errors=errors)
        return CreateAccessTokenPayload(
            access_token=AccessToken(row=found.access_token), secret=found.secret, errors=[]
        )

    @mutation("End one of the viewer's bearer tokens, from this moment on.")
    def revoke_access_token(
        self,
        info: Info,
        input: RevokeAccessTokenInput,
    ) -> RevokeAccessTokenPayload:
        context = info.context
        row, errors = outcome(
            lambda: access_tokens.revoke(context.principal, decode_as(input.id, Kind.TOKEN), now=context.now),
            ("input", "id"),
        )
        return RevokeAccessTokenPayload(access_token=AccessToken(row=row) if row else None, errors=errors)
