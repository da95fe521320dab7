"""Every GraphQL operation the command line sends. A test holds each against ``schema.graphql``."""

from __future__ import annotations

from typing import Final

_ERRORS: Final = "errors { code message path retryable }"
_ITEM: Final = "__typename id name updatedAt ... on File { size contentType sha256 }"
_PAGE: Final = f"nodes {{ {_ITEM} }} pageInfo {{ hasNextPage endCursor }}"
_UPLOAD: Final = (
    "id state failure transport { __typename ... on SinglePut { url method headers { name value } } "
    "... on AlreadyThere { sha256 } }"
)

SIGN_IN: Final = f"mutation SignIn($input: SignInInput!) {{ signIn(input: $input) {{ csrfToken {_ERRORS} }} }}"
SIGN_OUT: Final = f"mutation SignOut($input: SignOutInput!) {{ signOut(input: $input) {{ {_ERRORS} }} }}"
COMPLETE_SETUP: Final = (
    f"mutation CompleteSetup($input: CompleteSetupInput!) {{ completeSetup(input: $input) {{ csrfToken {_ERRORS} }} }}"
)
CREATE_ACCESS_TOKEN: Final = (
    "mutation CreateAccessToken($input: CreateAccessTokenInput!) "
    f"{{ createAccessToken(input: $input) {{ accessToken {{ id }} secret {_ERRORS} }} }}"
)
REVOKE_ACCESS_TOKEN: Final = (
    "mutation RevokeAccessToken($input: RevokeAccessTokenInput!) "
    f"{{ revokeAccessToken(input: $input) {{ {_ERRORS} }} }}"
)
ACCESS_TOKENS: Final = "query AccessTokens { viewer { accessTokens { id name expiresAt } } }"
CREATE_USER: Final = (
    "mutation CreateUser($input: CreateUserInput!) "
    f"{{ createUser(input: $input) {{ user {{ id username }} {_ERRORS} }} }}"
)
_GROUP: Final = "id name members { username }"
GROUPS: Final = (
    f"query Groups($after: String) {{ groups(first: 100, after: $after) {{ nodes {{ {_GROUP} }} "
    "pageInfo { hasNextPage endCursor } } }"
)
CREATE_GROUP: Final = (
    "mutation CreateGroup($input: CreateGroupInput!) "
    f"{{ createGroup(input: $input) {{ group {{ {_GROUP} }} {_ERRORS} }} }}"
)
ADD_GROUP_MEMBER: Final = (
    "mutation AddGroupMember($input: AddGroupMemberInput!) "
    f"{{ addGroupMember(input: $input) {{ group {{ {_GROUP} }} {_ERRORS} }} }}"
)
REMOVE_GROUP_MEMBER: Final = (
    "mutation RemoveGroupMember($input: RemoveGroupMemberInput!) "
    f"{{ removeGroupMember(input: $input) {{ group {{ {_GROUP} }} {_ERRORS} }} }}"
)
VIEWER: Final = "query Viewer { viewer { actor isAdministrator user { username displayName } groups { name } } }"

DRIVES: Final = (
    "query Drives($after: String) { drives(first: 100, after: $after) "
    "{ nodes { __typename id name createdAt quota used } pageInfo { hasNextPage endCursor } } }"
)
DRIVE: Final = "query Drive($name: String!) { drive(name: $name) { __typename id name createdAt quota used } }"
CREATE_DRIVE: Final = (
    "mutation CreateDrive($input: CreateDriveInput!) "
    f"{{ createDrive(input: $input) {{ drive {{ __typename id name createdAt quota used }} {_ERRORS} }} }}"
)

NODE: Final = (
    "query Node($id: ID!) { node(id: $id) { __typename id ... on Drive { name createdAt quota used } "
    "... on Folder { name updatedAt } ... on File { name updatedAt size contentType sha256 } } }"
)
ITEM_AT: Final = f"query ItemAt($drive: ID!, $path: String!) {{ item(drive: $drive, path: $path) {{ {_ITEM} }} }}"
CHILDREN: Final = (
    "query Children($id: ID!, $after: String, $filter: ItemFilter) { node(id: $id) { "
    f"... on Drive {{ children(first: 100, after: $after, filter: $filter) {{ {_PAGE} }} }} "
    f"... on Folder {{ children(first: 100, after: $after, filter: $filter) {{ {_PAGE} }} }} }} }}"
)
DOWNLOAD_URLS: Final = (
    "query DownloadUrls($ids: [ID!]!) { nodes(ids: $ids) { ... on File { id downloadUrl { url } } } }"
)

CREATE_FOLDER: Final = (
    "mutation CreateFolder($input: CreateFolderInput!) "
    f"{{ createFolder(input: $input) {{ folder {{ __typename id name updatedAt }} {_ERRORS} }} }}"
)
_PLACE: Final = "item { name path drive { name } }"
MOVE: Final = f"mutation Move($input: MoveInput!) {{ move(input: $input) {{ {_PLACE} {_ERRORS} }} }}"
RENAME: Final = f"mutation Rename($input: RenameInput!) {{ rename(input: $input) {{ {_PLACE} {_ERRORS} }} }}"
TRASH: Final = f"mutation Trash($input: TrashInput!) {{ trash(input: $input) {{ results {{ {_ERRORS} }} }} }}"
RESTORE: Final = (
    f"mutation Restore($input: RestoreInput!) {{ restore(input: $input) {{ results {{ {_PLACE} {_ERRORS} }} }} }}"
)
TRASHED: Final = (
    "query Trashed($id: ID!, $after: String) { node(id: $id) { ... on Drive { trashed(first: 100, after: $after) { "
    "nodes { __typename id name path trashedAt ... on File { size } } pageInfo { hasNextPage endCursor } } } } }"
)
PURGE: Final = f"mutation Purge($input: PurgeInput!) {{ purge(input: $input) {{ results {{ {_ERRORS} }} }} }}"

BEGIN_UPLOADS: Final = (
    "mutation BeginUploads($input: BeginUploadsInput!) "
    f"{{ beginUploads(input: $input) {{ results {{ upload {{ {_UPLOAD} }} {_ERRORS} }} }} }}"
)
FINALIZE_UPLOADS: Final = (
    "mutation FinalizeUploads($input: FinalizeUploadsInput!) "
    f"{{ finalizeUploads(input: $input) {{ results {{ file {{ id name }} upload {{ state failure }} {_ERRORS} }} }} }}"
)
ABORT_UPLOAD: Final = (
    f"mutation AbortUpload($input: AbortUploadInput!) {{ abortUpload(input: $input) {{ {_ERRORS} }} }}"
)

SHARE: Final = f"mutation Share($input: ShareInput!) {{ share(input: $input) {{ share {{ id role }} {_ERRORS} }} }}"
_SHARES: Final = (
    "shares { role inherited isConditional subject { __typename ... on User { username } ... on Group { name } "
    "... on Everyone { audience } } }"
)
SHARES: Final = (
    f"query Shares($id: ID!) {{ node(id: $id) {{ ... on Drive {{ {_SHARES} }} ... on Item {{ {_SHARES} }} }} }}"
)
UNSHARE: Final = f"mutation Unshare($input: UnshareInput!) {{ unshare(input: $input) {{ {_ERRORS} }} }}"
