"""The auditors' reports: bytes to use case and back."""

from gateway.api.audit import door_of
from gateway.api.bodies import read_model
from gateway.api.report_models import ReportBody
from gateway.api.request import Request
from gateway.api.response import Response, answer
from gateway.audit.report_words import csv_of


async def report(request: Request) -> Response:
    """`POST /v1/audit/report`."""
    body = await read_model(request, ReportBody)
    made = await door_of(request).reports.report(request.caller, body.question())
    if body.format == "json":
        return answer(made)
    name = f'attachment; filename="{body.report}.csv"'
    return Response(b"".join(csv_of(made)), "text/csv; charset=utf-8", headers={"Content-Disposition": name})
