"""The control door of the sandbox, `/__sandbox`: misbehaviour on and off, counts of calls, reset.

Promises: counts per `source.operation` and nothing else about calls.
"""

from collections.abc import Collection

from aiohttp import web

from adapters.sandbox.identity import sign_in
from adapters.sandbox.misbehave import Misbehaviour, Mode, Switchboard
from adapters.sandbox.wire import Tokens


def add_control(app: web.Application, board: Switchboard, tokens: Tokens, sources: Collection[str]) -> None:
    """Add the control routes to the application."""

    async def misbehave(request: web.Request) -> web.Response:
        try:
            rule = _rule(await request.json(), sources)
        except (ValueError, TypeError, KeyError) as error:
            return web.json_response({"error": str(error)}, status=400)
        board.add(rule)
        return web.json_response(
            {"source": rule.source, "operation": rule.operation, "mode": rule.mode.value}
        )

    async def behave(request: web.Request) -> web.Response:
        board.remove(request.query.get("source", ""), request.query.get("operation", ""))
        return web.Response(status=204)

    async def calls(_request: web.Request) -> web.Response:
        return web.json_response({"calls": board.calls()})

    async def reset(_request: web.Request) -> web.Response:
        board.reset()
        tokens.forget()
        return web.Response(status=204)

    async def elsewhere(_request: web.Request) -> web.Response:
        board.count("sandbox", "elsewhere")
        return web.json_response({})

    app.router.add_post("/__sandbox/misbehave", misbehave)
    app.router.add_delete("/__sandbox/misbehave", behave)
    app.router.add_get("/__sandbox/calls", calls)
    app.router.add_post("/__sandbox/reset", reset)
    app.router.add_post("/__sandbox/logins", sign_in)
    app.router.add_route("*", "/__sandbox/elsewhere", elsewhere)


def _rule(words: object, sources: Collection[str]) -> Misbehaviour:
    """A rule from an order; ValueError says what is wrong with it."""
    if not isinstance(words, dict) or set(words) - {
        "source",
        "operation",
        "mode",
        "times",
        "seconds",
        "field",
    }:
        raise ValueError("an object of source, operation, mode, times, seconds, field is expected")
    if words.get("source") not in sources:
        raise ValueError("source is not one of " + ", ".join(sorted(sources)))
    times, seconds = words.get("times"), words.get("seconds")
    if times is not None and (not isinstance(times, int) or times < 1):
        raise ValueError("times is a whole number of at least 1")
    if seconds is not None and (not isinstance(seconds, (int, float)) or seconds < 0):
        raise ValueError("seconds is a number of at least 0")
    return Misbehaviour(
        source=words["source"],
        mode=Mode(str(words.get("mode"))),
        operation=str(words.get("operation") or ""),
        times=times,
        seconds=seconds,
        field=str(words.get("field") or ""),
    )
