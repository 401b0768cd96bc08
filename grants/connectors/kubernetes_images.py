"""Which image a pod asks for, and the rule in CEL by which the API server admits it. Pure.

The same reading twice: `repository_of` in Python (for the plan, the stand-in and the tests) and `VARIABLES` in CEL
(for the cluster); a test compares them on a real API server. Source of the grammar: the `reference` package of
Distribution, which container runtimes use.
"""

import re

_PART = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]+)?"
_TAG = "(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?"
_DIGEST = "(?:@[A-Za-z][A-Za-z0-9+._-]*:[0-9a-fA-F]{32,})?"
WELL_FORMED = f"^(?:{_HOST}/)?{_PART}(?:/{_PART})*{_TAG}{_DIGEST}$"
_NAME = "^([^/@]+/)*[^/@:]+"
_HOSTED = r"^([^/]*[.:A-Z\[][^/]*|localhost)/"
_OF_THE_HUB = "^(index[.])?docker[.]io/[^/]+$"
_OLD_HUB = "index.docker.io/"
HUB = "docker.io"
REFUSED = "Purser: not granted in this namespace"  # how a refusal of ours is known from those of others
NO_RUNTIME = "Purser: pods of this project must use the runtime class"


def repository_of(reference: str) -> str:
    """`host/repository` of an image reference, without tag and digest; empty when it is not one.

    A name without a host is Docker Hub's, and one without a folder stands in its `library`.
    """
    if "\n" in reference or not re.match(WELL_FORMED, reference):
        return ""
    found = re.match(_NAME, reference)
    name = found[0] if found else ""
    if not re.match(_HOSTED, name):
        name = f"{HUB}/{name}"
    if re.match(_OF_THE_HUB, name):
        return f"{HUB}/library/{name.partition('/')[2]}"
    return f"{HUB}/{name.removeprefix(_OLD_HUB)}" if name.startswith(_OLD_HUB) else name


def admits(reference: str, *, granted: set[str], platform: tuple[str, ...] = ()) -> bool:
    """Whether the rule admits the reference: granted by name, or the platform's (a prefix where it ends in `/`)."""
    name = repository_of(reference)
    if not name:
        return False
    fits = (name.startswith(one) if one.endswith("/") else name == one for one in platform)
    return name in granted or any(fits)


def quoted(text: str) -> str:
    """A text as a CEL string."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{escaped}'"


def _asked(pod: str, field: str, mark: str) -> str:
    image = "(has(c.image) ? c.image : '')"
    one = f"{pod}.{field}.map(c, '{mark} ' + c.name + ' ' + {image})"
    return f"(has({pod}.{field}) ? {one} : [])"


def _volumes(pod: str) -> str:
    reference = "(has(v.image.reference) ? v.image.reference : '')"
    one = f"{pod}.volumes.filter(v, has(v.image)).map(v, 'v ' + v.name + ' ' + {reference})"
    return f"(has({pod}.volumes) ? {one} : [])"


def _every(pod: str) -> str:
    fields = (("containers", "c"), ("initContainers", "i"), ("ephemeralContainers", "e"))
    return " + ".join([*(_asked(pod, field, mark) for field, mark in fields), _volumes(pod)])


def variables(granted: str, platform: str) -> list[dict[str, str]]:
    """The variables of the rule; `granted` and `platform` are CEL expressions for lists of names.

    Only what is new is judged: an update that leaves a pod's images alone (a finalizer taken off, a label) must
    pass after the end as well, or finished jobs could never be cleaned up.
    """
    # Each line may use those above it.
    fits = "(p.endsWith('/') ? n.startsWith(p) : n == p)"
    return [
        {"name": "granted", "expression": granted},
        {"name": "platform", "expression": platform},
        {"name": "before", "expression": f"oldObject == null ? [] : ({_every('oldObject.spec')})"},
        {"name": "now", "expression": _every("object.spec")},
        {
            "name": "fresh",
            "expression": "variables.now.filter(x, !(x in variables.before)).map(x, x.split(' ', 3)[2])",
        },
        {"name": "malformed", "expression": f"variables.fresh.filter(r, !r.matches({quoted(WELL_FORMED)}))"},
        {
            "name": "bare",
            "expression": f"variables.fresh.filter(r, r.matches({quoted(WELL_FORMED)})).map(r, "
            f"r.find({quoted(_NAME)}))",
        },
        {
            "name": "hosted",
            "expression": f"variables.bare.map(n, n.matches({quoted(_HOSTED)}) ? n : '{HUB}/' + n)",
        },
        {
            "name": "names",
            "expression": f"variables.hosted.map(n, n.matches({quoted(_OF_THE_HUB)}) ? "
            f"'{HUB}/library' + n.find('/.*$') : n.startsWith('{_OLD_HUB}') ? n.substring(6) : n)",
        },
        {
            "name": "refused",
            "expression": "variables.malformed + variables.names.filter(n, !(n in variables.granted) && "
            f"!variables.platform.exists(p, {fits}))",
        },
    ]


def validations(runtime: str) -> list[dict[str, str]]:
    """The verdict; `runtime` is a CEL expression for the runtime class pods must name, or the empty text."""
    named = "has(object.spec.runtimeClassName) && object.spec.runtimeClassName"
    return [
        {
            "expression": "variables.refused.size() == 0",
            "message": REFUSED,
            "messageExpression": f"'{REFUSED}: ' + variables.refused.join(', ')",
            "reason": "Forbidden",
        },
        {
            "expression": f"variables.fresh.size() == 0 || {runtime} == '' || ({named} == {runtime})",
            "message": NO_RUNTIME,
            "messageExpression": f"'{NO_RUNTIME} ' + {runtime}",
            "reason": "Forbidden",
        },
    ]
