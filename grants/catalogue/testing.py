"""Test factories: registries, images and versions as rows, without events."""

from hashlib import sha256
from typing import Any

from django.utils import timezone

from grants.catalogue.models import Image, Registry, Tag, Version

INDEX = "application/vnd.oci.image.index.v1+json"


def make_registry(key: str = "main", **fields: Any) -> Registry:
    """A Distribution registry `<key>.registry.test`, spoken to without TLS."""
    named = {
        "key": key,
        "name": f"{key.capitalize()} registry",
        "host": f"{key}.registry.test",
        "api_url": f"http://{key}.registry.test",
        "service": f"{key}-registry",
    }
    return Registry.objects.create(**named | fields)


def make_image(repository: str = "fraud/base", *, registry: Registry | None = None, **fields: Any) -> Image:
    """An image of `registry`, or of the registry `main`, which is made where missing.

    A blocked one gets a reason unless given.
    """
    home = registry or Registry.objects.filter(key="main").first() or make_registry()
    named: dict[str, Any] = {
        "registry": home,
        "repository": repository,
        "title": repository.rpartition("/")[2],
    }
    if fields.get("blocked"):
        named |= {"blocked_reason": "Blocked in a test"}
    return Image.objects.create(**named | fields)


def make_version(image: Image, tag: str = "stable", *, digest: str | None = None, **fields: Any) -> Version:
    """A version of the image with a digest made from its name and tag unless given; an empty `tag` names none."""
    now = timezone.now()
    content = digest or "sha256:" + sha256(f"{image.repository}:{tag}".encode()).hexdigest()
    named = {
        "digest": content,
        "media_type": INDEX,
        "size": 1234,
        "architectures": ["linux/amd64"],
        "seen_at": now,
    }
    version = Version.objects.create(image=image, **named | fields)
    if tag:
        Tag.objects.create(image=image, name=tag, version=version, moved_at=now)
    return version
