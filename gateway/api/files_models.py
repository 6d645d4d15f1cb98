"""Bodies of files."""

from typing import Annotated

from pydantic import Field

from gateway.api import grammar
from gateway.api.models import Body, DossierCode, example


class FileLinkBody(Body):
    """`POST /v1/files/link`: for a file that this requester stored or was given."""

    model_config = example({
        "file": "sha256:b1674191a88ec5cdd733e4240a81803105dc412d6c6708d53ab94fc248f4f553",
        "name": "Kết quả đăng ký.pdf", "seconds": 86_400,
    })  # fmt: skip

    file: Annotated[str, Field(pattern=grammar.FILE)]
    #: as the download is named; it is in the link alone, sealed
    name: Annotated[str, Field(min_length=1, max_length=200)]
    #: how long the link holds; at most `files.link_hours`
    seconds: int = Field(ge=60)
    #: of the record of each download
    dossier: DossierCode | None = None
