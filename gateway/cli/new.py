"""`motlan new`: drafts of a source and of a procedure, from what their owners publish. No file is ever replaced."""

from collections.abc import Callable
from pathlib import Path

import click

from gateway.app import SystemClock
from gateway.cli.options import CONFIG, JSON, QUIET, Voice, config_here, options, plain, root_of
from gateway.config.gateway import is_http
from gateway.domain.dates import legal_day
from gateway.domain.errors import ConfigError
from gateway.scaffold.contract import of_csv, of_sample, of_wsdl
from gateway.scaffold.house import House, Scaffold, write_all
from gateway.scaffold.leaves import NotScaffolded
from gateway.scaffold.openapi import of_openapi
from gateway.scaffold.procedure import new_procedure
from gateway.scaffold.source import SourceWish, check_name, new_source

_READ = click.Path(path_type=Path, dir_okay=False, exists=True)


class _NotWritten(click.ClickException):
    """Nothing was written."""

    exit_code = 2


@click.group()
def new() -> None:
    """Write the draft of a source or of a procedure.

    \b
    Examples:
      motlan new source tide --wsdl tide.wsdl --operation Tide
      motlan new procedure 1.234567 --form form.schema.json
    """  # noqa: D301 -- \b is click's


@new.command("source")
@click.argument("name")
@click.option("--wsdl", type=_READ, help="Its WSDL 1.1; what it imports is copied with it.")
@click.option("--openapi", type=_READ, help="Its OpenAPI 3.0, 3.1 or Swagger 2.0 document, JSON or YAML.")
@click.option(
    "--sample",
    type=_READ,
    help="One answer, as JSON; or header and rows of a CSV that is dropped (.csv). No value is written.",
)
@click.option(
    "--operation", help='Operation of the WSDL; operationId, or "GET /path", of the OpenAPI document.'
)
@click.option("--url", default="", help="Its address; default: what its description says.")
@click.option("--title", default="", help="Its name for people; default NAME.")
@click.option("--provider", default="", help="The authority behind it; default NAME.")
@click.option(
    "--evidence", default="", help="Evidence type of its answers; default: the one that fits, else a new one."
)
@options(CONFIG, JSON, QUIET)
def source(
    *, name: str, wsdl: Path | None, openapi: Path | None, sample: Path | None, operation: str | None, url: str,
    title: str, provider: str, evidence: str, config: Path | None, as_json: bool, quiet: bool,
) -> int:  # fmt: skip
    """Write the draft of a source: address, mapping, evidence type where none fits, agreement, examples.

    What names and types tell is bound, all else of the answer stands there as a comment. The draft is switched off
    (`enabled: "false"`) and passes check-config. Existing files are never replaced.

    \b
    Examples:
      motlan new source tide --wsdl tide.wsdl --operation Tide
      motlan new source weather --openapi weather.yaml --operation "GET /storms/{id}" --config /etc/motlan/config
      motlan new source vessels --sample answer.json --url https://provider.example/api --title "Đăng kiểm"
    """  # noqa: D301 -- \b is click's
    given = [one for one in (wsdl, openapi, sample) if one is not None]
    if len(given) != 1 or (sample is not None and operation is not None):
        raise click.UsageError(
            "say what describes it: --wsdl or --openapi with --operation, or --sample without it"
        )
    if url and not is_http(url):
        raise click.UsageError("--url is no address: write https://…, without password, '?' and '#'")

    def drafted(house: House) -> Scaffold:
        check_name(name)
        contract = (
            of_csv(given[0], name) if sample and sample.suffix.lower() == ".csv" else of_sample(given[0], url) if sample
            else of_wsdl(given[0], operation or "", name) if wsdl
            else of_openapi(given[0], operation or "", name)
        )  # fmt: skip
        wish = SourceWish(
            name=name, title=title, provider=provider, url=contract.url if sample else url, evidence=evidence
        )
        return new_source(house, wish, contract, legal_day(SystemClock().now()))

    return _write(drafted, config, Voice(as_json, quiet))


@new.command("procedure")
@click.argument("code")
@click.option(
    "--form", type=_READ, required=True, help="JSON Schema of its e-form; it is copied to schemas/forms."
)
@click.option("--title", default="", help="Its name for people; default: the title of the form.")
@click.option(
    "--purpose", default="", help="One of purposes.yaml; default: that of the procedure which is most alike."
)
@options(CONFIG, JSON, QUIET)
def procedure(
    *, code: str, form: Path, title: str, purpose: str, config: Path | None, as_json: bool, quiet: bool
) -> int:
    """Write the draft of a procedure: its form, a mapping with every field, an agreement that nobody holds yet.

    References are guessed by the names of fields, as the procedures of the configuration use them; all other fields
    are typed by the citizen, and every paper stays required. Existing files are never replaced.

    \b
    Examples:
      motlan new procedure 1.234567 --form form.schema.json
      motlan new procedure 1.234567 --form form.schema.json --title "Cấp lại bản sao" --purpose civil_registration
    """  # noqa: D301 -- \b is click's
    today = legal_day(SystemClock().now())
    return _write(
        lambda house: new_procedure(house, code, form, title, purpose, today), config, Voice(as_json, quiet)
    )


def _write(drafted: Callable[[House], Scaffold], config: Path | None, voice: Voice) -> int:
    """Try the draft against the house, then write all of it."""
    folder = config_here(config)
    try:
        house = House(folder, root_of(folder))
        scaffold = drafted(house)
        if faults := house.faults(scaffold.files):
            raise ConfigError(faults)
        write_all(scaffold.files)
    except NotScaffolded as error:
        what, remedy = error.args
        raise _NotWritten(plain(f"{what}\n    remedy: {remedy}")) from None
    names = [str(path) for path in scaffold.files]
    lines = [*names, *(f"! {one}" for one in scaffold.remarks)]
    lines += [f"{number}. {step}" for number, step in enumerate(scaffold.steps, 1)]
    voice.say({"files": names, "remarks": scaffold.remarks, "next": scaffold.steps}, "\n".join(lines))
    return 0
