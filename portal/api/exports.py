"""Downloads of what was applied at a target."""

from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request as Call

from grants.delivery.exporting import FORMS, export_applied, projects_of_export
from grants.delivery.targets import target_of
from grants.directory.selectors import projects_visible_to
from portal.api.base import Endpoint, acting, found, moment, query, viewer_of
from portal.api.schema import operation
from portal.api.strict import StrictSerializer

TYPES = {"terraform": "text/plain", "yaml": "application/yaml"}


class TargetExportQuery(StrictSerializer):
    """Form of a file, and the one project it is about."""

    format = serializers.ChoiceField(choices=list(FORMS), required=False, default="terraform")
    project = serializers.SlugField(required=False, default="", max_length=80, help_text="Key of a project")


class TerraformRenderer(JSONRenderer):
    """Stands for files of Terraform, which are written elsewhere; renders only problems, as JSON."""

    media_type = "text/plain"
    format = "tf"


class YamlRenderer(JSONRenderer):
    """Stands for YAML, which is written elsewhere; renders only problems, as JSON."""

    media_type = "application/yaml"
    format = "yaml"


class TargetExport(Endpoint):
    """What was applied at a target."""

    renderer_classes = (TerraformRenderer, YamlRenderer, JSONRenderer)

    @operation(
        "targets_export",
        "Download what was applied",
        answer={"text/plain": OpenApiTypes.STR, "application/yaml": OpenApiTypes.STR},
        query=TargetExportQuery,
        problems=(403, 404, 409),
    )
    def get(self, request: Call, key: str) -> HttpResponse:
        """Download what is in place at a target for your teams' projects; auditors and administrators: for all.

        As Terraform or YAML, without secrets. The download is itself recorded.
        """
        viewer, asked = viewer_of(request), query(request, TargetExportQuery)
        name = asked["project"]
        project = found(projects_visible_to(viewer), key=name) if name else None
        projects = projects_of_export(viewer, project)
        target = target_of(key)
        if target is None:
            raise Http404
        form = asked["format"]
        made = export_applied(target=target, form=form, projects=projects, by=acting(request), now=moment())
        response = HttpResponse(made.text, content_type=f"{TYPES[form]}; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{made.name}"'
        return response
