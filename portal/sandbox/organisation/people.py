"""The people of the demo. Pure: the same 600 every time."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

DOMAIN = "example.com"
SIZE = 600


@dataclass(frozen=True)
class Resident:
    """One person: `words` are what the identity provider's groups say, `seat` the role they play in the demo."""

    user_name: str
    name: str
    words: tuple[str, ...] = ()
    seat: str = ""
    contractor: bool = False
    active: bool = True

    @property
    def email(self) -> str:
        """The person's address."""
        return f"{self.user_name}@{DOMAIN}"

    @property
    def claims(self) -> dict[str, object]:
        """What the identity provider says of the person."""
        return {
            "sub": self.user_name,
            "name": self.name,
            "preferred_username": self.user_name,
            "email": self.email,
            "email_verified": True,
            "groups": [f"purser:{word}" for word in self.words],
        }


FRAUD, VISION, LANGUAGE = "anti-fraud", "vision", "language"
CAN_SIGN_IN = (
    Resident("li.na", "李娜", (f"team:{FRAUD}:lead",), "lead"),
    Resident("bob.novak", "Bob Novak", (f"team:{FRAUD}",), "member"),
    Resident("chen.wei", "陈伟", ("approver:mlops",), "mlops"),
    Resident("amir.qureshi", "Amir Qureshi", ("approver:security",), "security"),
    Resident("grace.okafor", "Grace Okafor", ("auditor",), "auditor"),
    Resident("tom.fischer", "Tom Fischer", ("administrator",), "admin"),
    Resident("erik.lund", "Erik Lund", (), "stranger"),
    Resident("helen.ward", "Helen Ward", ("budget",), "budget"),
    Resident("maria.rossi", "Maria Rossi", ("approver:mlops",)),
    Resident("zhao.min", "赵敏", ("approver:security",)),
    Resident("sofia.marin", "Sofia Marin", (f"team:{VISION}:lead",)),
    Resident("yuki.tanaka", "Yuki Tanaka", (f"team:{VISION}",)),
    Resident("wang.lei", "王磊", (f"team:{LANGUAGE}:lead",)),
    Resident("wang.fang", "王芳", (f"team:{LANGUAGE}",)),
    Resident("priya.nair", "Priya Nair", (f"team:{FRAUD}",)),
    Resident("jonas.berg", "Jonas Berg", (f"team:{VISION}",), contractor=True),
)
"""Those who have a place at the identity provider of the demo; the first eight play the roles of `demo.json`."""

HERE = Path(__file__).parent
GIVEN = (HERE / "given_names.txt").read_text("utf-8").split()
FAMILY = (HERE / "family_names.txt").read_text("utf-8").split()
CHINESE_FAMILY = {
    "王": "wang",
    "李": "li",
    "张": "zhang",
    "刘": "liu",
    "陈": "chen",
    "杨": "yang",
    "赵": "zhao",
    "黄": "huang",
}
CHINESE_GIVEN = {
    "伟": "wei",
    "磊": "lei",
    "静": "jing",
    "强": "qiang",
    "敏": "min",
    "洋": "yang",
    "艳": "yan",
    "军": "jun",
    "杰": "jie",
    "娟": "juan",
    "明": "ming",
}


def residents() -> list[Resident]:
    """All 600: those who can sign in, then the rest, some of them in teams, a few contractors or gone."""
    chance = random.Random(2026)  # noqa: S311 - names, not secrets
    people = list(CAN_SIGN_IN)
    taken = {person.user_name for person in people}
    while len(people) < SIZE:
        user_name, name = _somebody(chance)
        number = sum(1 for known in taken if known.rstrip("0123456789") == user_name) + 1
        unique = user_name if user_name not in taken else f"{user_name}{number}"
        taken.add(unique)
        people.append(_resident(unique, name, len(people)))
    return people


def _somebody(chance: random.Random) -> tuple[str, str]:
    if chance.random() < 0.4:
        family, given = chance.choice(list(CHINESE_FAMILY)), chance.choice(list(CHINESE_GIVEN))
        return f"{CHINESE_FAMILY[family]}.{CHINESE_GIVEN[given]}", family + given
    given, family = chance.choice(GIVEN), chance.choice(FAMILY)
    return f"{given}.{family}".lower(), f"{given} {family}"


def _resident(user_name: str, name: str, number: int) -> Resident:
    team = (FRAUD, VISION, LANGUAGE)[number % 3] if number < 135 else ""
    words = (f"team:{team}",) if team else ()
    return Resident(user_name, name, words, contractor=number % 37 == 0, active=number % 53 != 0)


TEAMS_CSV = f"""team,team_name,cost_centre
{FRAUD},Anti-fraud,CC-4100
{VISION},Vision,CC-4200
{LANGUAGE},Language,CC-4300
"""

PROJECTS_CSV = f"""project_key,project_name,team,jira_project,jira_issue,gpu_quota,namespace,grace_hours
anti-fraud-v2,Anti-Fraud Model v2,{FRAUD},FRAUD,FRAUD-1,8,anti-fraud-v2,0
fraud-graph,Fraud graph features,{FRAUD},FRAUD,FRAUD-2,4,fraud-graph,0
defect-v2,Defect detection v2,{VISION},VIS,VIS-1,16,defect-v2,0
ocr-pipeline,OCR pipeline,{VISION},VIS,VIS-2,2,ocr-pipeline,0
chat-assistant,Chat assistant,{LANGUAGE},LANG,LANG-1,32,chat-assistant,0
"""
ISSUES = {
    "anti-fraud-v2": ("FRAUD-1", "Anti-Fraud Model v2: training and inference service"),
    "fraud-graph": ("FRAUD-2", "Fraud graph features"),
    "defect-v2": ("VIS-1", "Defect detection v2"),
    "ocr-pipeline": ("VIS-2", "OCR pipeline"),
    "chat-assistant": ("LANG-1", "Chat assistant"),
}


def people_csv(people: Iterable[Resident]) -> str:
    """The directory file of these people, as an HR system would export it."""
    lines = ["email,user_name,name,employee_number,team,team_role,roles,contractor,active"]
    for number, person in enumerate(people, start=10_001):
        teams = [word.split(":") for word in person.words if word.startswith("team:")]
        team, role = (teams[0][1], "lead" if teams[0][2:] else "member") if teams else ("", "")
        roles = ";".join(word for word in person.words if not word.startswith("team:"))
        marks = ("yes" if person.contractor else "no", "yes" if person.active else "no")
        cells = (person.email, person.user_name, person.name, str(number), team, role, roles, *marks)
        lines.append(",".join(cells))
    return "\n".join(lines) + "\n"
