"""The commands that pull: complete for each client, without a secret, for TLS and plain HTTP."""

import shlex

import pytest

from portal.pages.pulling import CLIENTS, Place, commands, pull_command

DIGEST = "sha256:" + "a" * 64
SECURE = Place("registry.example.com", False, "vision/train_gpu", "stable", DIGEST, "bob")
PLAIN = Place("registry.lan:5001", True, "vision/train", "stable", DIGEST, "bob")
LOCAL = Place("127.0.0.1:5001", True, "vision/train", "stable", "", "robot$af+ci")


@pytest.mark.parametrize("client", list(CLIENTS))
@pytest.mark.parametrize("place", [SECURE, PLAIN, LOCAL])
def test_each_client_signs_in_pulls_and_checks_with_commands_a_shell_can_read(client, place):
    steps = commands(client, place)
    lines = [line.command for step in (steps.sign_in, steps.pull, steps.check) for line in step]
    assert len(lines) == (4 if place.digest else 3)
    assert all(shlex.split(line) for line in lines)
    assert "bob" in lines[0] or "'robot$af+ci'" in lines[0]
    assert f"{place.host}/{place.repository}:stable" in lines[1]


def test_tag_comes_first_and_digest_is_always_beside_it():
    pull = commands("docker", SECURE).pull
    assert [line.command for line in pull] == [
        "docker pull registry.example.com/vision/train_gpu:stable",
        f"docker pull registry.example.com/vision/train_gpu@{DIGEST}",
    ]


@pytest.mark.parametrize(
    ("client", "command"),
    [
        ("podman", "podman pull --tls-verify=false registry.lan:5001/vision/train:stable"),
        ("nerdctl", "nerdctl --insecure-registry pull registry.lan:5001/vision/train:stable"),
        (
            "skopeo",
            "skopeo copy --src-tls-verify=false docker://registry.lan:5001/vision/train:stable oci:train:stable",
        ),
        (
            "apptainer",
            "apptainer pull --no-https --force train.sif docker://registry.lan:5001/vision/train:stable",
        ),
    ],
)
def test_plain_http_is_told_to_the_client(client, command):
    assert pull_command(client, PLAIN) == command


def test_docker_needs_a_setting_for_plain_http_but_not_on_this_machine():
    note = commands("docker", PLAIN)
    assert (note.note_file, note.note_text) == (
        "/etc/docker/daemon.json",
        '{"insecure-registries": ["registry.lan:5001"]}',
    )
    assert commands("docker", LOCAL).note_file == ""
    assert commands("docker", SECURE).note == ""


def test_kubernetes_gets_a_secret_and_for_plain_http_a_hosts_file():
    steps = commands("kubernetes", PLAIN)
    assert "kubectl create secret docker-registry purser --docker-server='registry.lan:5001'" in (
        steps.sign_in[0].command
    )
    assert steps.note_file == "/etc/containerd/certs.d/registry.lan:5001/hosts.toml"
    assert steps.note_text == 'server = "http://registry.lan:5001"'


def test_names_of_pods_and_files_hold_what_they_may():
    assert SECURE.name == "train-gpu"


@pytest.mark.parametrize("client", list(CLIENTS))
def test_sign_in_reads_the_secret_and_never_holds_it(client):
    assert "read -rs " in commands(client, SECURE).sign_in[0].command
