"""What can be prefilled: the procedures, their roles and their forms (JSON Schema 2020-12)."""

from gateway.api.request import Request
from gateway.api.response import Response, answer
from gateway.domain import sentences as say
from gateway.domain.errors import NotFound
from gateway.domain.problems import ProblemCode
from gateway.mapping.form_hints import hinted
from gateway.mapping.load import Catalogue
from gateway.mapping.paper_fields import rests_on
from gateway.mapping.procedure import Procedure


async def listing(request: Request) -> Response:
    """`GET /v1/procedures`."""
    catalogue = request.services.catalogue
    return answer({"procedures": [summary(item) for _, item in sorted(catalogue.procedures.items())]})


async def one(request: Request) -> Response:
    """`GET /v1/procedures/{code}`."""
    return answer(described(find(request.services.catalogue, request.parameters["code"])))


def described(procedure: Procedure) -> dict[str, object]:
    """A procedure with its roles, fields and papers."""
    mapping, fields = procedure.mapping, rests_on(procedure)
    papers = {
        name: {
            "title": paper.title.vi,
            "title_en": paper.title.en,
            "when": paper.when,
            "replaceable": paper.replaced_by is not None or paper.digital_only,
            "rests_on": list(fields[name]),
            "mark": paper.mark,
            "legal_basis": paper.legal_basis,
            "basis_mark": paper.basis_mark,
        }
        for name, paper in procedure.papers.items()
    }
    return summary(procedure) | {
        "purpose": mapping.purpose,
        "related_codes": list(mapping.related_codes),
        "fields": sorted(field.key for field in procedure.fields),
        "papers": papers,
        "still_needed": [{"title": item.vi, "title_en": item.en} for item in mapping.still_needed],
        "form": f"/v1/procedures/{procedure.code}/form",
    }


async def form(request: Request) -> Response:
    """`GET /v1/procedures/{code}/form`: the schema, with what a page needs to show it."""
    services = request.services
    procedure = find(services.catalogue, request.parameters["code"])
    return answer(hinted(procedure, services.catalogue.codes, services.configuration.consents.keep))


def find(catalogue: Catalogue, written: str) -> Procedure:
    """The procedure of a code, with or without its province suffix; NotFound names near ones."""
    procedure = catalogue.find(written)
    if procedure is None:
        raise NotFound(
            say.NO_SUCH_PROCEDURE, code=ProblemCode.PROCEDURE_UNKNOWN, near=catalogue.near(written)
        )
    return procedure


def summary(procedure: Procedure) -> dict[str, object]:
    """An entry of the list."""
    mapping = procedure.mapping
    return {
        "code": procedure.code,
        "title": mapping.title.vi,
        "title_en": mapping.title.en,
        "mapping_version": mapping.version,
        "level": mapping.level,
        "mark": mapping.mark,
        "subjects": {
            name: {
                "kind": list(role.kind),
                "title": role.title.vi if role.title else None,
                "signs_in": role.signs_in,
                "optional": role.optional,
                "found": role.found_in is not None,
                "through": role.through,
                "many": role.many,
            }
            for name, role in procedure.roles.items()
        },
    }
