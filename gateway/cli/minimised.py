"""The minimisation report as tables for a terminal."""

from collections.abc import Iterator

from rich.table import Table

from gateway.review.minimisation import Report


def tables(report: Report) -> Iterator[Table]:
    """What each procedure gets and lacks; then, if there is any, what agreements give for nothing."""
    table = Table(
        "hệ thống khai thác / requester", "thủ tục / procedure", "thỏa thuận / agreements", "trường / fields",
        "đủ / gets",
        "thiếu (cần, chưa thỏa thuận) / lacks (needed, not agreed)", "điều kiện / demands",
    )  # fmt: skip
    for row in report.rows:
        share = f"{len(row.gets)}/{len(row.gets) + len(row.lacks)}"
        table.add_row(
            row.requester, row.procedure, ", ".join(row.agreements), f"{row.filled}/{row.fields}", share,
            ", ".join(row.lacks), ", ".join(row.demands),
        )  # fmt: skip
    yield table
    if report.never_needed:
        spare = Table("thỏa thuận / agreement", "dịch vụ / data service", "thừa (không cần) / never needed")
        for one in report.never_needed:
            spare.add_row(one.agreement, one.data_service, ", ".join(one.attributes))
        yield spare
