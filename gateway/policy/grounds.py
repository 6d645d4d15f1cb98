"""The legal basis of a refusal: a refusal to share data must name its law (Nghị định 194/2025/NĐ-CP, art. 16)."""

from gateway.config.configuration import Configuration

#: the entry for refusal codes without their own
ANY = "*"
#: kinds of rules whose second word is an agreement
_OF_AGREEMENTS = frozenset({
    "agreement", "hours", "agency", "official", "signed", "account", "relation", "mandate", "dossier", "consent",
    "quota",
})  # fmt: skip


def ground(configuration: Configuration, rule: str, code: str) -> str:
    """The law of a refusal by this rule, and the document of the agreement that decided."""
    known = configuration.refusals
    found = known.get(code) or known.get(ANY)
    kind, _, name = rule.partition(":")
    agreement = configuration.agreements.get(name.partition(":")[0]) if kind in _OF_AGREEMENTS else None
    parts = (found.legal_basis if found else "", agreement.document if agreement else "")
    return "; ".join(part for part in parts if part)
