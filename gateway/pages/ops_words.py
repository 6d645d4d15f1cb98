"""Codes on the operators' pages, with their titles in both languages: receivers, rules, services, attributes.

An unknown code is its own title.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from gateway.audit.titles import FILES_FROM, Titles, TitleWords
from gateway.config.configuration import Configuration
from gateway.domain.sentences import BothWords
from gateway.ports.relay import INBOX
from gateway.relay.messages import FILES

#: condition of an agreement -> what it wants of a request
DEMANDS: Mapping[str, BothWords] = {
    "hours": ("trong giờ được thỏa thuận", "within the agreed hours"),
    "agency": ("cán bộ của cơ quan được thỏa thuận", "an official of an agreed agency"),
    "official": ("nêu cán bộ thao tác", "the official who asks is named"),
    "signed": ("yêu cầu có chữ ký số", "the request is signed"),
    "account": (
        "công dân đăng nhập bằng tài khoản đủ mức",
        "the citizen signed in with an account of the level",
    ),
    "relation": ("quan hệ được thỏa thuận với người được hỏi", "an agreed relation to the person"),
    "mandate": ("quyền đại diện được chứng minh", "the right to act for others is proven"),
    "dossier": ("có hồ sơ đang giải quyết", "a dossier is under way"),
    "consent": ("có sự đồng ý của người đó", "the person consented"),
}
#: first part of a rule that names no agreement -> words
_RULES: Mapping[str, BothWords] = {
    "not_agreed": ("không có trong thỏa thuận", "not agreed"),
    "subject": ("không đủ dữ liệu để tìm người đó", "not enough is known to find the person"),
    "account": ("thông tin tài khoản của chính công dân", "data of the citizen's own account"),
}
_NO_AGREEMENT: BothWords = ("không có thỏa thuận", "no agreement")
_INBOX_OF: BothWords = ("Hộp thư của", "Inbox of")


def receiver(settings: Configuration, target: str) -> TitleWords:
    """A portal or the inbox of a requester that dossiers go to, or the files of a portal's dossiers."""
    whose = target.removeprefix(INBOX)
    inbox = settings.requesters.get(whose) if whose != target else None
    if inbox is not None:
        vi, en = _INBOX_OF
        return _worded(target, (f"{vi} {inbox.title.vi}", f"{en} {inbox.title.en}"))
    portal = settings.portals.get(target.removeprefix(FILES))
    if portal is not None and target.startswith(FILES):
        vi, en = FILES_FROM
        return _worded(target, (f"{vi} {portal.title.vi}", f"{en} {portal.title.en}"))
    return _worded(target, (target, target) if portal is None else (portal.title.vi, portal.title.en))


def receivers(settings: Configuration) -> list[str]:
    """Every receiver that deliveries may have: portals, inboxes, files of the dossiers that a portal forwards."""
    found = set(settings.portals)
    for name, one in settings.portals.items():
        if one.door is not None:
            found |= {INBOX + one.door.forwards_to} if one.door.forwards_to else set()
            found |= {FILES + name} if one.door.fetch_from else set()
    return sorted(found)


class RuleTitles(NamedTuple):
    """What rules, services and attributes are called."""

    titles: Titles

    def rule(self, rule: str) -> TitleWords:
        """A rule that decides about a field: `agreement:portal`."""
        kind, _, name = rule.partition(":")
        if kind == "agreement":
            return self.titles.agreement(name) or _worded(rule, _NO_AGREEMENT)
        return _worded(rule, _RULES.get(kind, (rule, rule)))

    def demands(self, rules: Iterable[str]) -> list[TitleWords]:
        """What rules of conditions want of a request, each once."""
        kinds = dict.fromkeys(rule.partition(":")[0] for rule in rules)
        return [_worded(kind, DEMANDS.get(kind, (kind, kind))) for kind in kinds]

    def agreement(self, code: str) -> TitleWords:
        """An agreement."""
        return self.titles.agreement(code) or _worded(code, (code, code))

    def service(self, name: str) -> TitleWords:
        """A data service: `population.TraCuuThongTinCongDan`."""
        source, _, operation = name.partition(".")
        found = self.titles.data_service(source, operation)
        return {**found, "code": name}

    def given(self, service: str, attributes: Iterable[str]) -> list[TitleWords]:
        """Attributes of a data service."""
        source, _, operation = service.partition(".")
        return self.titles.attributes(source, operation, attributes)

    def lacking(self, names: Iterable[str]) -> list[TitleWords]:
        """Attributes of evidence: `citizen.full_name`."""
        return [self.titles.attribute(*name.split(".", 1)) for name in names]


def _worded(code: str, both: BothWords) -> TitleWords:
    return {"code": code, "title": both[0], "title_en": both[1]}
