"""The dead-man table: the one list of what ends by itself, from which docs/dead-man.md has its table.

`python -m portal.tests.dead_man.table` writes it there.
"""

from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[3] / "docs" / "dead-man.md"
BEGIN, END = "<!-- table: begin -->\n", "<!-- table: end -->\n"
HEAD = "| target | what is out there | ends by itself | bound | held by |\n|---|---|---|---|---|\n"
REAL, STANDIN, BOTH = "real registry", "stand-in", "real registry; stand-in"


@dataclass(frozen=True)
class Row:
    """One kind of access at one kind of target. `against`: what the tests ran against; no tests: not tried, and why."""

    target: str
    access: str
    ends: str
    bound: str
    tests: tuple[str, ...] = ()
    against: str = STANDIN

    def __str__(self) -> str:
        named = ", ".join(f"`{name}`" for name in self.tests)
        held = f"{named} ({self.against})" if named else self.against
        return f"| {self.target} | {self.access} | **{self.ends}** | {self.bound} | {held} |\n"


NO_TOKENS = "test_distribution_gives_no_new_token_without_the_token_service"
TOKEN_TESTS = ("test_distribution_token_runs_out_in_time", "test_distribution_token_never_outlives_the_grant")
ROWS = (
    Row("Distribution", "pull tokens and robots' credentials: new tokens", "yes",
        "at once: nobody answers where tokens are given",
        (NO_TOKENS,), REAL),
    Row("Distribution", "tokens already given that pull", "yes",
        "60 s after they were given, and never later than the grant's end",
        TOKEN_TESTS, REAL),
    Row("Distribution", "tokens already given that push or delete", "yes",
        "5 min after they were given, and never later than the grant's end",
        TOKEN_TESTS, REAL),
    Row("Distribution", "a download or upload under way", "no", "it may finish", against="not tried"),
    Row("Harbor", "robot of a person, robot of a project's workloads", "yes",
        "by the day: less than 24 h after the end of the last grant it stands for",
        ("test_harbor_robot_ends_by_itself_on_its_day",)),
    Row("Harbor", "an earlier grant of the same robot", "no",
        "it goes on until the robot ends, with the last grant",
        ("test_harbor_robot_keeps_an_earlier_grant_until_the_last_and_the_page_says_so",)),
    Row("Harbor", "tokens Harbor gave a robot", "yes",
        "30 min after they were given (Harbor's setting), so up to 30 min longer than the robot",
        ("test_harbor_token_works_30_minutes_longer_than_its_robot",)),
    Row("Harbor", "group as a member (option `groups`)", "no", "stays until somebody takes it out",
        ("test_harbor_group_member_never_ends_by_itself_and_the_page_says_in_part",)),
    Row("Google", "membership, where the licence knows ends", "yes",
        "at the grant's end; Google may take minutes, sometimes hours, to act on it",
        ("test_google_membership_ends_by_itself_where_the_licence_allows",)),
    Row("Google", "membership, without that licence", "no", "stays until somebody takes it out",
        ("test_google_membership_without_the_licence_never_ends_and_the_page_says_no",)),
    Row("Google", "group's binding in Artifact Registry", "no",
        "stays; once the memberships have ended it lets in nobody but Purser's own account",
        ("test_google_binding_stays_and_lets_in_nobody_but_purser_itself",)),
    Row("Google", "service account of a project", "no",
        "stays enabled; it opens nothing once its membership has ended, where the licence knows ends",
        ("test_google_service_account_stays_enabled_and_loses_its_membership",)),
    Row("Google", "access tokens of the service account", "yes",
        "10 min after they were shown, and with the membership if that ends earlier",
        ("test_google_access_token_runs_out_within_ten_minutes",
         "test_google_access_token_opens_nothing_after_the_membership")),
    Row("Google", "group's binding at a crypto key", "no",
        "stays; once the memberships have ended it lets in nobody but Purser's own account",
        ("test_google_kms_binding_stays_and_lets_in_nobody_but_purser_itself",)),
    Row("Kubernetes", "pull secret", "yes",
        "at once, as its credential is good for nothing without the token service; the credential itself ends "
        "after 14 days at most (`pull_secret_days`)",
        (NO_TOKENS, "test_kubernetes_pull_secret_holds_a_credential_that_ends"), BOTH),
    Row("Kubernetes", "keyless pulls (service-account tokens)", "yes",
        "at once, as above; no right outlives the token that shows it",
        (NO_TOKENS, "test_no_right_outlives_the_token_that_shows_it",
         "test_kubernetes_tenant_without_a_secret_is_promised_nothing"),
        BOTH),
    Row("Kubernetes", "RoleBinding", "no", "stays: Kubernetes has no end for it",
        ("test_kubernetes_role_binding_never_ends_by_itself",)),
    Row("Kubernetes", "list of images that may run", "no",
        "stays: pods with these images are admitted, others are not",
        ("test_kubernetes_admission_list_stays_and_admits_what_was_granted_and_no_more",)),
    Row("Kubernetes", "running pods, images cached on nodes", "no",
        "pods run on, and new ones with a cached image start while the list admits it",
        against="not tried: the stand-in has no nodes"),
)  # fmt: skip


def table() -> str:
    """The table as the page has it."""
    return BEGIN + HEAD + "".join(str(row) for row in ROWS) + END


def written() -> str:
    """The table that stands in the page."""
    text = PAGE.read_text("utf-8")
    return text[text.index(BEGIN) : text.index(END) + len(END)]


if __name__ == "__main__":
    PAGE.write_text(PAGE.read_text("utf-8").replace(written(), table()), "utf-8")
