"""Which templates of groups are taken."""

import pytest

from grants.connectors.errors import Permanent
from grants.connectors.harbor_groups import check_groups


@pytest.mark.parametrize(
    "template",
    [
        "", "ml", "ml-{project}-{role}", "ml-{team}-{role}", "{team}.{project}", "ml:{team}:{project}:{role}",
        "{team}.{role}-{project}", "{team}-{role}/{project}", "{{x}}{project}",
    ],
)  # fmt: skip
def test_a_template_that_names_every_project_apart_is_taken(template: str) -> None:
    check_groups(template)


@pytest.mark.parametrize(
    "template",
    ["{team}-{project}", "ml-{team}-{project}-{role}", "{team}{project}", "{team}_{role}_{project}",
     "{team}--{project}"],
)  # fmt: skip
def test_keys_that_meet_without_a_sign_between_are_refused(template: str) -> None:
    with pytest.raises(Permanent) as caught:
        check_groups(template)
    assert caught.value.message == (
        "The option groups needs a character that is in no key, such as . or :, between {team} and {project}: "
        "else two projects can share a group."
    )


@pytest.mark.parametrize("template", ["{lead}", "{}", "{project", "{project!r}", "{project:>9}", "{team.x}"])
def test_other_names_are_refused(template: str) -> None:
    with pytest.raises(Permanent, match="and nothing else in braces"):
        check_groups(template)
