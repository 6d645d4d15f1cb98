"""What every command that opens the store of a configuration shares; a gateway may go on running over it."""

import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from gateway.cli.options import (
    CONFIG,
    JSON,
    QUIET,
    SET,
    STATE,
    Voice,
    config_here,
    options,
    overrides,
    state_folder,
)
from gateway.composition.keeper import Keeper, kept
from gateway.config.configuration import Configuration, is_overridden, load
from gateway.domain import sentences as say
from gateway.domain.errors import ConfigError, GatewayError, LogUnavailable, RightMissing, Unprocessable

_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class Store(Voice):
    """The log of a configuration, and the output of its command."""

    keeper: Keeper
    configuration: Configuration

    def done(self, work: Callable[[], Awaitable[_Found]]) -> _Found:
        """What the work gave; exits, with a word about it, when it could not be done."""
        try:
            return kept(self.keeper, lambda: self._over_a_log(work))
        except (Unprocessable, RightMissing) as error:
            raise click.UsageError(_told(error)) from None
        except ConfigError:
            raise
        except GatewayError as error:
            click.echo(f"{error.title_vi} / {error.title}: {error.sentence or ''}", err=True)
            raise click.exceptions.Exit(3 if isinstance(error, LogUnavailable) else 1) from None

    async def _over_a_log(self, work: Callable[[], Awaitable[_Found]]) -> _Found:
        if missing := await self.keeper.missing():
            raise Unprocessable(say.LOG_MISSING(missing=missing))
        return await work()


def _told(error: GatewayError) -> str:
    return str(error.sentence) if error.sentence is not None else error.title


def keeps(command: Callable[..., int]) -> Callable[..., int]:
    """Options of a command over a store, given to it as one `store`."""

    @options(CONFIG, STATE, SET, JSON, QUIET)
    @functools.wraps(command)
    def keeping(
        *,
        config: Path | None,
        state: Path | None,
        values: tuple[str, ...],
        as_json: bool,
        quiet: bool,
        **rest: Any,  # noqa: ANN401 -- the command's own
    ) -> int:
        folder = config_here(config)
        given = overrides(values)
        configuration = load(folder, given)
        hot = is_overridden("gateway.log.retention.hot_months", given)
        keeper = Keeper(configuration.gateway.log, state_folder(state), hot_overridden=hot)
        return command(store=Store(as_json, quiet, keeper, configuration), **rest)

    return keeping
