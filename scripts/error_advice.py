"""What to do about each error code, in the words of its page in ``docs/errors/``."""

from __future__ import annotations

ADVICE = {
    "ACCESS_TOKEN_EXPIRED": "Make a new access token: `createAccessToken`, or `filegraph login` again.",
    "ACCOUNTS_ERROR": "Read the message; it says what was refused.",
    "ACCOUNT_NOT_FOUND": "Check the username, group name or id. Deactivated people are not found either.",
    "ADMINISTRATOR_REQUIRED": "Ask an administrator to do it, or to make you one.",
    "ADMINISTRATOR_LOCKOUT": "Leave an active person `can_administer` and `can_edit_model`, whatever conditions say. "
    "Nothing has changed.",
    "ALREADY_SET_UP": (
        "Sign in as the administrator that exists: `signIn`. Where nobody can, whoever has the machine makes one: "
        "`filegraph administrator NAME`."
    ),
    "AUTHORIZATION_ERROR": "Read the server's log under the request id.",
    "AUTHORIZATION_MODEL_CONFLICT": "Look at the model that is active now, and decide again. Nothing changed.",
    "AUTHORIZATION_MODEL_NOT_FOUND": "Check the id: `authorizationModels` lists all versions.",
    "AUTHORIZATION_RELATIONS_MISSING": "Define what `missingRelations` names, and let nobody administer by a right to "
    "a drive, folder or file. The model that was active still is.",
    "AUTHORIZATION_UNAVAILABLE": "Try again in a moment. Nothing was done and nothing was allowed meanwhile.",
    "BACKEND_FULL": "Tell the operator: the disk or bucket behind this drive has no space left.",
    "BACKEND_UNAVAILABLE": "Try again in a moment. Operators: see the log and `/readyz`.",
    "BAD_REQUEST": "Send a well-formed request: one JSON object, complete, with consistent headers.",
    "BAD_USER_INPUT": "Look at the description of the argument in the schema; `path` names it.",
    "BODY_TOO_LARGE": "Send a smaller document or fewer entries at a time. Files do not go through GraphQL.",
    "BODY_TOO_SLOW": "Send it again; an upload is still open. Operators: `FILEGRAPH_TRANSFER_MIN_RATE`.",
    "CHECKSUM_MISMATCH": (
        "The bytes changed on the way or the declared hash was wrong. Hash again, begin anew; a PUT that was refused"
        " for a hash in its own header can be sent again."
    ),
    "CONDITION_CONTEXT_INVALID": "Give it as the condition declares it: times as RFC 3339, durations like `1h30m`.",
    "CONDITION_CONTEXT_MISSING": (
        "Give the value in the context of the question, or keep it with the relationship. The server's log names the "
        "relationship: delete it, and write it again with the value."
    ),
    "CONDITION_FAILED": (
        "Read the reason in the server's log, which names the condition and the relationship that carries it. Mend the "
        "one in the authorization model, or delete the other."
    ),
    "CONFLICT": "Read the present state and decide again.",
    "CROSS_DRIVE_MOVE": "Download and upload instead: moves stay within one drive.",
    "CSRF_FAILED": "Send the `csrfToken` of `signIn` as the header `X-CSRFToken`, from an allowed origin.",
    "DATABASE_BUSY": "Try again in a moment.",
    "DATABASE_UNAVAILABLE": "Try again in a moment, uploads with the same idempotency key. Operators: see `/readyz`.",
    "DRIVE_READ_ONLY": "Use another drive, or ask the administrator to open this one.",
    "FILE_TOO_LARGE": "Send a smaller file. Operators: `FILEGRAPH_MAX_FILE_SIZE`.",
    "GROUP_NAME_TAKEN": "Choose another name. Names that differ only in case count as one.",
    "GRAPHQL_PARSE_FAILED": "Mend the syntax at the place that `locations` names.",
    "GRAPHQL_VALIDATION_FAILED": "Hold the document against `/graphql/schema.graphql`; `locations` names the places.",
    "HEADERS_TOO_LARGE": "Send fewer or shorter headers; a pile of old cookies is the usual reason.",
    "INTERNAL_ERROR": "Tell the operator the request id; the server's log has the reason under it.",
    "INVALID_ACCESS_TOKEN": "Check that the whole token was sent as `Authorization: Bearer fg_...`, or make a new one.",
    "INVALID_ACCOUNT_NAME": "Read the message; it names the character or the limit.",
    "INVALID_ARGUMENT": "Look at the documented range of the argument; `path` names it.",
    "INVALID_AUTHORIZATION_MODEL": "Mend the model: every mistake is listed with its line and column.",
    "INVALID_AUTHORIZATION_REQUEST": "Ask only for types and relations that the authorization model has.",
    "INVALID_CREDENTIALS": "Check username and password. The answer is the same for names that do not exist.",
    "INVALID_CURSOR": "Start from the first page: a cursor belongs to one list, order, filter and person.",
    "INVALID_LIFETIME": "Ask for a lifetime within the range that the message names.",
    "INVALID_NAME": "Rename the file or folder; the message says what cannot be kept.",
    "INVALID_SETUP_TOKEN": "Start the server again: it prints a new token, valid for 30 minutes.",
    "INVALID_TOKEN": "Ask for a new link. Links cannot be changed, and those for uploads do not download.",
    "LENGTH_REQUIRED": "Send `Content-Length`. With curl, upload a file with `-T`, not a pipe.",
    "LIMIT_EXCEEDED": "Ask for smaller pages, fewer fields or fewer levels; the message names the limit.",
    "METHOD_NOT_ALLOWED": "Use one of the methods in the header `Allow`.",
    "MODEL_EDITOR_REQUIRED": "Ask somebody who has `can_edit_model` on the organization: an administrator, as shipped.",
    "MOVE_INTO_ITSELF": "Choose a target outside the folder that moves.",
    "NAME_TAKEN": "Choose another name, or `onConflict: RENAME` or `REPLACE`.",
    "NOT_ACCEPTABLE": "Accept `application/graphql-response+json` or `application/json`.",
    "NOT_FOUND": "Check the id. The answer is the same for what is not there and for what you may not see.",
    "PERMISSION_DENIED": "Ask somebody who may share this for a stronger role.",
    "PRECONDITION_FAILED": "The file changed. Read its new ETag and decide again.",
    "QUOTA_EXCEEDED": (
        "Purge what is in the trash, abort open uploads, or ask for a larger quota. Uploads to a store hold their room "
        "until their links have ended: the message says until when."
    ),
    "RANGE_NOT_SATISFIABLE": "Ask for a range within the size that `Content-Range` names.",
    "RATE_LIMITED": "Wait a minute. Operators: `FILEGRAPH_SIGN_IN_ATTEMPTS`.",
    "RELATIONSHIP_CONFLICT": "Somebody else changed the same thing. Read it and try again.",
    "RESOLUTION_TOO_COMPLEX": "Make the nesting of groups or folders shallower; nothing was allowed.",
    "SERVICE_UNAVAILABLE": "Try again in a moment; a change may have been made all the same. Operators: is it running?",
    "SETUP_ERROR": "Read the message.",
    "SIZE_MISMATCH": "Begin an upload with the true size. Nothing was kept of these bytes.",
    "STORAGE_ERROR": "Read the message; it says what was refused.",
    "TIMED_OUT": "Ask for smaller pages and fewer levels. A mutation was done all the same: read the present state.",
    "TOKEN_EXPIRED": "Ask for a new link; for an upload, begin a new one.",
    "TOO_DEEP": "Put it higher in the tree: folders nest 200 levels deep at most.",
    "TOO_MANY_CONNECTIONS": "Reuse connections. Operators: `FILEGRAPH_MAX_CONNECTIONS`, behind a proxy "
    "`FILEGRAPH_TRUSTED_PROXIES`.",
    "TOO_MANY_UPLOADS": (
        "Finalize or abort open uploads first. Uploads to a store count until their links have ended: the message says "
        "until when. Operators: `FILEGRAPH_MAX_OPEN_UPLOADS`."
    ),
    "TRANSFER_ERROR": "Read the message; it says what was refused.",
    "UNAUTHENTICATED": "Sign in, or send an access token as `Authorization: Bearer fg_...`.",
    "UNKNOWN_HOST": "Use the service's own address. Operators: `FILEGRAPH_ALLOWED_HOSTS`, `FILEGRAPH_PUBLIC_URL`.",
    "UNSUPPORTED_MEDIA_TYPE": "Send `Content-Type: application/json`, in UTF-8, not compressed.",
    "UPLOAD_ABORTED": "Begin a new upload.",
    "UPLOAD_ALREADY_RECEIVED": "Call `finalizeUpload`: the bytes are there.",
    "UPLOAD_ERROR": "Read the message; it says what was refused.",
    "UPLOAD_EXPIRED": "Begin a new upload. Operators: `FILEGRAPH_UPLOAD_LIFETIME`.",
    "UPLOAD_FAILED": "Begin a new upload; `failure` says why this one ended.",
    "UPLOAD_INCOMPLETE": "Send all bytes first. A HEAD on the upload's address tells how many arrived.",
    "UPLOAD_SUPERSEDED": "Let the newer PUT finish; only one at a time counts.",
    "USERNAME_TAKEN": "Choose another username. Names that differ only in case or width count as one.",
    "WEAK_PASSWORD": "Choose a longer password that has nothing to do with the username; the message lists why.",
}
