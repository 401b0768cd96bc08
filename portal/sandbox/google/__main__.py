"""`python -m portal.sandbox.google`: run the stand-in until it is told to stop."""

import sys
from contextlib import ExitStack

from portal.sandbox.google.accounts import serving_grpc
from portal.sandbox.google.app import GoogleStandin
from portal.sandbox.google.state import Delays, GoogleState
from portal.sandbox.serving import parser, serve


def main() -> None:
    """Read the arguments and serve; the gRPC side is named in a line of its own, before the ready line."""
    arguments = parser("google")
    arguments.add_argument("--grpc-port", type=int, default=0, help="0 takes a free one and names it")
    arguments.add_argument("--domain", default="example.com", help="where groups are made")
    arguments.add_argument("--customer", default="C0sandbox")
    arguments.add_argument("--repository", action="append", default=[], help="P/L/R, made if it is not there")
    arguments.add_argument("--no-licence", action="store_true", help="memberships cannot end by themselves")
    for name in ("policy", "join", "leave", "account"):
        said = f"seconds until a {name} change is in effect"
        arguments.add_argument(f"--{name}-delay", type=float, default=0.0, help=said)
    with ExitStack() as open_until_the_end:

        def make(given: object) -> GoogleStandin:
            app = GoogleStandin(_state(vars(given)))
            where = f"127.0.0.1:{vars(given)['grpc_port']}"
            address = open_until_the_end.enter_context(serving_grpc(app, app.accounts, address=where))
            sys.stdout.write(f"Google stand-in gRPC on {address}\n")
            return app

        serve(make, name="Google", arguments=arguments)


def _state(given: dict[str, object]) -> GoogleState:
    delays = Delays(**{name: given[f"{name}_delay"] for name in ("policy", "join", "leave", "account")})  # type: ignore[arg-type]
    state = GoogleState(
        customer=str(given["customer"]),
        domain=str(given["domain"]),
        licence=not given["no_licence"],
        delays=delays,
    )
    repositories = given["repository"]
    for one in repositories if isinstance(repositories, list) else []:
        project, location, name = str(one).split("/")
        state.add_repository(f"projects/{project}/locations/{location}/repositories/{name}")
    return state


if __name__ == "__main__":
    main()
