"""What schemathesis does not know of by itself: error codes are part of the contract."""

import schemathesis
from schemathesis import GenerationMode

# What a body is refused with that is not as the document has it. UNIQUE_VIOLATION, NOT_FOUND and the like depend on the rows, and
# the limits of filters cannot be said in a schema.
SHAPE = {"INVALID_JSON", "INVALID_DATA", "INVALID_COLUMN", "INVALID_FIELD", "MISSING_FIELD", "VALIDATION_FAILED"}


def error_code(response):
    """The code of an error, None for other answers."""
    if response.status_code < 400 or "json" not in (response.headers.get("content-type") or [""])[0]:
        return None
    error = response.json().get("error")
    # The cache's own errors are a sentence (spec/data.md 3.11).
    return error.get("code") if isinstance(error, dict) else None


@schemathesis.hook
def before_call(ctx, case, kwargs):
    """Without a value for its parameter a path is another path: fill in what no row has."""
    for name, value in (case.path_parameters or {}).items():
        if value == "":
            case.path_parameters[name] = "0" * 40
    # Long waits are allowed, and would take up all the time there is.
    wait = str((case.query or {}).get("wait", ""))
    if wait.isdecimal() and 1 < int(wait) <= 25:
        case.query["wait"] = 1


@schemathesis.check
def error_code_conformance(ctx, response, case):
    """An error's code is one of those that the document lists for the operation and status."""
    if case.method.upper() != case.operation.method.upper():
        return
    described = case.operation.responses.find_by_status_code(response.status_code)
    codes = described.definition.get("x-error-codes") if described else None
    code = error_code(response)
    if code is not None and codes is not None:
        assert code in codes, f"{code} is not documented for {response.status_code}; documented are {codes}"


@schemathesis.check
def valid_shape_acceptance(ctx, response, case):
    """What is sent as the document has it is not refused for its shape."""
    if case.method.upper() != case.operation.method.upper():
        return
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return
    code = error_code(response)
    # A relation of a required field leads somewhere or is refused, which the document does not tell.
    if code == "VALIDATION_FAILED" and case.operation.path == "/api/unlink":
        return
    assert code not in SHAPE, f"{code} for what the document allows"
