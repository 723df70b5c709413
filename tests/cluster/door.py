"""One address for several worker pools: connections are let through to them in turn."""

from __future__ import annotations

import asyncio
import contextlib
import threading


class Door:
    """Listens on a free port of loopback, in a thread of its own."""

    def __init__(self) -> None:
        self.ports: list[int] = []
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="door", daemon=True)
        self.thread.start()
        starting = asyncio.start_server(self._let_in, "127.0.0.1", 0)
        self.server = asyncio.run_coroutine_threadsafe(starting, self.loop).result()
        self.port: int = self.server.sockets[0].getsockname()[1]

    def open_to(self, port: int) -> None:
        """Connections go there, too."""
        self.ports.append(port)

    def shut(self, port: int) -> None:
        """No new connection goes there."""
        self.ports.remove(port)

    def close(self) -> None:
        """Ends the thread."""
        asyncio.run_coroutine_threadsafe(self._end(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    async def _end(self) -> None:
        self.server.close()
        open_ones = asyncio.all_tasks() - {asyncio.current_task()}
        for task in open_ones:
            task.cancel()
        await asyncio.gather(*open_ones, return_exceptions=True)

    async def _let_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.ports.append(self.ports.pop(0))
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self.ports[-1])
        except (OSError, IndexError):
            writer.close()
            return
        with contextlib.suppress(asyncio.CancelledError):  # at the end
            await asyncio.gather(carry(reader, inner_writer), carry(inner_reader, writer))


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Passes bytes on until an end is closed."""
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()
