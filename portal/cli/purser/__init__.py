"""The `purser` command, Docker's credential helper and the kubelet's credential provider: a package of its own.

It is installed alone (`pip install ./portal/cli/purser`), so it imports neither Django nor the rest of Purser.
"""

VERSION = "0.1.0"
