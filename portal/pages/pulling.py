"""The commands that pull an image, complete and working when pasted, for each client. Pure but for the words.

Nothing here holds a secret: signing in asks for the token on the terminal and reads it from standard input.
Sources: the manuals of docker-login, podman-login, skopeo-copy, apptainer-pull, nerdctl's docs/registry.md,
containerd's docs/hosts.md.
"""

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

CLIENTS: Mapping[str, str | Promise] = {
    "docker": "Docker",
    "podman": "Podman",
    "nerdctl": "nerdctl",
    "skopeo": "skopeo",
    "kubernetes": "Kubernetes",
    "apptainer": gettext_lazy("Apptainer and Slurm"),
}
DEFAULT = "docker"


@dataclass(frozen=True)
class Place:
    """What is pulled, from where, by whom. `tag` or `digest` may be empty, not both."""

    host: str
    plain_http: bool
    repository: str
    tag: str
    digest: str
    login: str

    @property
    def by_tag(self) -> str:
        """`host/repository:tag`; empty without a tag."""
        return f"{self.host}/{self.repository}:{self.tag}" if self.tag else ""

    @property
    def by_digest(self) -> str:
        """`host/repository@sha256:…`; empty without a digest."""
        return f"{self.host}/{self.repository}@{self.digest}" if self.digest else ""

    @property
    def reference(self) -> str:
        """By tag where there is one, else by digest."""
        return self.by_tag or self.by_digest

    @property
    def name(self) -> str:
        """The last part of the repository, as a name for files and pods."""
        return self.repository.rpartition("/")[2].replace("_", "-").replace(".", "-")


@dataclass(frozen=True)
class Line:
    """One command: what it is for in the copy button's hidden words, and what is pasted."""

    label: str
    command: str
    caption: str = ""


@dataclass(frozen=True)
class Commands:
    """The three steps, and a note where the registry speaks plain HTTP or the client needs set-up."""

    sign_in: list[Line]
    pull: list[Line]
    check: list[Line]
    note: str = ""
    note_file: str = ""
    note_text: str = ""


def commands(client: str, place: Place) -> Commands:
    """The commands of a client. Raises KeyError for a client nobody described."""
    return _CLIENTS[client](place)


def pull_command(client: str, place: Place) -> str:
    """The one command that pulls, by tag where there is one."""
    return commands(client, place).pull[0].command


def _asking(variable: str, command: str) -> str:
    # `read -rs` keeps the token out of the shell's history and off the screen (bash, zsh).
    return f'read -rs {variable} && printf %s "${variable}" | {command}; unset {variable}'


def _both(place: Place, command: Callable[[str], str]) -> list[Line]:
    lines = []
    if place.by_tag:
        lines.append(Line(_("pull command by tag"), command(place.by_tag), _("By tag (moves)")))
    if place.by_digest:
        lines.append(Line(_("pull command by digest"), command(place.by_digest), _("By digest (fixed)")))
    return lines


def _sign_in(command: str) -> list[Line]:
    return [Line(_("sign-in command"), _asking("TOKEN", command))]


def _check(command: str) -> list[Line]:
    return [Line(_("check command"), command)]


def _docker(place: Place) -> Commands:
    remote = place.plain_http and not _is_local(place.host)
    return Commands(
        _sign_in(f"docker login {place.host} --username '{place.login}' --password-stdin"),
        _both(place, lambda reference: f"docker pull {reference}"),
        _check(f"docker image inspect --format '{{{{index .RepoDigests 0}}}}' {place.reference}"),
        note=_("This registry speaks plain HTTP. Docker must be told once, then restarted:")
        if remote
        else "",
        note_file="/etc/docker/daemon.json" if remote else "",
        note_text=f'{{"insecure-registries": ["{place.host}"]}}' if remote else "",
    )


def _podman(place: Place) -> Commands:
    flag = " --tls-verify=false" if place.plain_http else ""
    return Commands(
        _sign_in(f"podman login{flag} --username '{place.login}' --password-stdin {place.host}"),
        _both(place, lambda reference: f"podman pull{flag} {reference}"),
        _check(f"podman image inspect --format '{{{{.Digest}}}}' {place.reference}"),
    )


def _nerdctl(place: Place) -> Commands:
    flag = " --insecure-registry" if place.plain_http else ""
    return Commands(
        _sign_in(f"nerdctl{flag} login {place.host} --username '{place.login}' --password-stdin"),
        _both(place, lambda reference: f"nerdctl{flag} pull {reference}"),
        _check(f"nerdctl image inspect --format '{{{{index .RepoDigests 0}}}}' {place.reference}"),
        note=_("Rootless nerdctl cannot reach a registry on this machine's own address.")
        if _is_local(place.host)
        else "",
    )


def _skopeo(place: Place) -> Commands:
    login, source = (" --tls-verify=false", " --src-tls-verify=false") if place.plain_http else ("", "")
    folder = f"oci:{place.name}:{place.tag or 'pulled'}"
    return Commands(
        _sign_in(f"skopeo login{login} --username '{place.login}' --password-stdin {place.host}"),
        _both(place, lambda reference: f"skopeo copy{source} docker://{reference} {folder}"),
        _check(f"skopeo inspect --format '{{{{.Digest}}}}' {folder}"),
    )


def _apptainer(place: Place) -> Commands:
    flag = " --no-https" if place.plain_http else ""
    variable = "APPTAINER_DOCKER_PASSWORD"
    sign_in = f"read -rs {variable} && export {variable} && export APPTAINER_DOCKER_USERNAME='{place.login}'"
    return Commands(
        [Line(_("sign-in command"), sign_in)],
        _both(place, lambda reference: f"apptainer pull{flag} --force {place.name}.sif docker://{reference}"),
        _check(f"apptainer inspect {place.name}.sif"),
        note=_("In a Slurm job, pull on the login node first and use the file in the job."),
    )


def _kubernetes(place: Place) -> Commands:
    secret = (
        f"kubectl create secret docker-registry purser --docker-server='{place.host}'"
        f" --docker-username='{place.login}' --docker-password=\"$TOKEN\""
    )
    overrides = '{"spec":{"imagePullSecrets":[{"name":"purser"}]}}'
    return Commands(
        [Line(_("sign-in command"), f"read -rs TOKEN && {secret}; unset TOKEN")],
        _both(
            place,
            lambda reference: f"kubectl run {place.name} --image={reference} --overrides='{overrides}'",
        ),
        _check(f"kubectl get pod {place.name} -o jsonpath='{{.status.containerStatuses[0].imageID}}'"),
        note=_("This registry speaks plain HTTP. Each node's containerd must be told once:")
        if place.plain_http
        else _("For workloads that stay, use a robot of the project instead of your own token."),
        note_file=f"/etc/containerd/certs.d/{place.host}/hosts.toml" if place.plain_http else "",
        note_text=f'server = "http://{place.host}"' if place.plain_http else "",
    )


def _is_local(host: str) -> bool:
    name = host.rpartition(":")[0] if host.count(":") == 1 else host
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return name == "localhost"


_CLIENTS: Mapping[str, Callable[[Place], Commands]] = {
    "docker": _docker,
    "podman": _podman,
    "nerdctl": _nerdctl,
    "skopeo": _skopeo,
    "kubernetes": _kubernetes,
    "apptainer": _apptainer,
}
