"""Many waiting callers, one statement: whatever arrives while a batch runs becomes the next batch."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class OverloadedError(Exception):
    """More callers wait than can be answered in good time."""


class Batcher(Generic[Item, Result]):
    """Collects items and has `run` answer them together, at most `size` at once, on `lanes` lanes."""

    def __init__(
        self,
        run: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
        *,
        size: int = 200,
        lanes: int = 2,
        waiting: int = 2000,
    ) -> None:
        self._run = run
        self._size = size
        self._most_waiting = waiting
        self._queue: list[tuple[Item, asyncio.Future[Result]]] = []
        self._idle = lanes
        self._tasks: set[asyncio.Task[None]] = set()

    async def submit(self, item: Item) -> Result:
        """The result for this item. Raises OverloadedError, or what `run` raised for its batch."""
        if len(self._queue) >= self._most_waiting:
            raise OverloadedError
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._queue.append((item, future))
        if self._idle:
            self._idle -= 1
            task = asyncio.create_task(self._work())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await future

    async def _work(self) -> None:
        try:
            # One turn of the loop lets callers that are ready now join the first batch.
            await asyncio.sleep(0)
            while self._queue:
                batch, self._queue = self._queue[: self._size], self._queue[self._size :]
                await self._answer(batch)
        finally:
            self._idle += 1

    async def _answer(self, batch: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            results = await self._run([item for item, _ in batch])
        except Exception as error:  # every caller of the batch hears of it; none waits for ever
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), result in zip(batch, results, strict=True):
            if not future.done():
                future.set_result(result)
