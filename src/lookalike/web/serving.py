"""The review app on a port of this machine."""

import asyncio
import socket
import threading
from collections.abc import Callable
from functools import partial

import uvicorn
from starlette.concurrency import run_in_threadpool

from lookalike import events
from lookalike.errors import UsageError
from lookalike.reviewing.session import Review
from lookalike.showing.previews import Previews
from lookalike.web.app import make_app
from lookalike.web.desk import Desk
from lookalike.web.guard import origin_of

HOST = "127.0.0.1"
LOOPBACK = (HOST, "localhost")
LAST_PAGE = 1.0
"""Seconds for the browser to get what its last page needs."""
LONGEST_PAGE = 2.0
"""Seconds for everybody else at the end."""
OnReady = Callable[[str, int], None]
"""``(address, port)``, called once the app listens; the address holds the token."""


def check_address(host: str, *, container: bool, behind: str | None) -> None:
    """Refuse an address that a review must not have; a long search need not come first.

    Parameters
    ----------
    host : str
        Address to listen at.
    container : bool
        Whether another address than that of this machine alone is meant.
    behind : str or None
        Address of a notebook proxy.

    Raises
    ------
    UsageError
        If the address is another one and `container` is not set, or `behind` is no address.
    """
    if behind is not None:
        origin_of(behind)
    if host not in LOOPBACK and not container:
        raise UsageError(
            f"--host {host} would open the review to other machines: leave it at {HOST} and use ssh -L, or add --container "
            "where a container is the only one that can reach it"
        )


def serve(
    review: Review, previews: Previews, *, port: int = 0, host: str = HOST, container: bool = False, behind: str | None = None,
    plan_file: str | None = None, ready: OnReady,
) -> None:  # fmt: skip
    """Serve a review until somebody ends it, by Ctrl-C or on the page.

    Parameters
    ----------
    review : Review
        The review.
    previews : Previews
        Its pictures.
    port : int
        Where to listen; 0 for any port that is free.
    host : str
        Address to listen at.
    container : bool
        Whether another address than that of this machine alone is meant: within a container, the outside comes from there.
    behind : str, optional
        Address of a notebook proxy that leads here.
    plan_file : str, optional
        Where the plan is written; None for beside the ledger.
    ready : callable
        Told the address, once it is open.

    Raises
    ------
    UsageError
        If the address is another one and `container` is not set, the port is taken, or `behind` is no address.
    """
    check_address(host, container=container, behind=behind)
    with _listening(host, port) as listening:
        number = int(listening.getsockname()[1])
        server: list[uvicorn.Server] = []
        desk = Desk(review, previews, lambda: threading.Timer(LAST_PAGE, _leave, server).start(), plan_file)
        app = make_app(desk, number, behind)
        top = f"http://{HOST}:{number}/" if behind is None else behind.rstrip("/") + "/"
        server.append(_server(app, partial(ready, f"{top}?token={desk.known.token}", number)))
        events.REVIEW_OPENED(host=host, port=number)
        try:
            server[0].run(sockets=[listening])
        except KeyboardInterrupt:  # the usual way to end it
            pass
        finally:
            desk.jobs.wait()  # what is under way ends, whoever leaves
            events.REVIEW_CLOSED()


def _leave(server: uvicorn.Server) -> None:
    server.should_exit = True


def _listening(host: str, port: int) -> socket.socket:
    if not 0 <= port < 1 << 16:
        raise UsageError(f"a port is a number of 0..65535, got {port}")
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise UsageError(
            f"cannot listen at {host}:{port} ({error.strerror}): leave --port away, or name another"
        ) from error


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def main_loop(self) -> None:
        """Tell the address only now that whoever reads it may ask, or press Ctrl-C."""
        await run_in_threadpool(self._ready)  # it may take a browser seconds to begin
        await super().main_loop()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let pages that are under way arrive, but wait for nobody who does not take them."""
        leaving = asyncio.get_running_loop().call_later(LONGEST_PAGE, self._hang_up)
        try:
            await super().shutdown(sockets)
        finally:
            leaving.cancel()

    def _hang_up(self) -> None:
        """Drop all connections; whoever is still writing to one ends by that."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def _server(app: object, ready: Callable[[], None]) -> uvicorn.Server:
    return _Server(
        uvicorn.Config(
            app,  # type: ignore[arg-type]  # an ASGI app
            http="h11", ws="none", lifespan="off", loop="asyncio", log_config=None, access_log=False, server_header=False,
            proxy_headers=False,
            timeout_keep_alive=5, limit_concurrency=200,
        ),
        ready,
    )  # fmt: skip
