"""Tasks on other processes and machines, by dask.distributed: with any cluster that its Client can speak to.

Only numbers of blocks and groups, and what describes the work, go through the scheduler. Image, model and results are
read and written by the workers, so all of them must see the same folders.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from napari_unet.errors import UserError
from napari_unet.segmentation.blocks.work import Scheduler, T

_WAITING = 4  # tasks for each thread of a worker: enough that none waits, few enough that a stop is soon
_RETRIES = 3
_QUIET: dict[str, Any] = {"dashboard_address": None, "silence_logs": logging.CRITICAL}


class DaskScheduler:
    """Runs tasks on the workers of a `dask.distributed.Client`. What a worker that dies had is done by another."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def run(self, task: Callable[..., T], arguments: Iterable[tuple[Any, ...]]) -> Iterator[T]:
        """The results of `task` for all `arguments`, as they come; few wait at a time."""
        from distributed import as_completed

        waiting = iter(arguments)
        most = _WAITING * max(1, sum(self._client.nthreads().values()))
        running = as_completed([self._submit(task, one) for one in islice(waiting, most)])
        for future in running:
            yield future.result()
            for one in islice(waiting, 1):
                running.add(self._submit(task, one))

    def _submit(self, task: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        return self._client.submit(task, *arguments, pure=False, retries=_RETRIES)


@contextmanager
def open_scheduler(where: str) -> Iterator[Scheduler]:
    """The scheduler that `where` names: "local:N" starts N workers here, anything else is the address of one.

    Raises
    ------
    UserError
        If dask.distributed is not installed, the number is none, or nobody answers.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise UserError(
            "A scheduler needs dask.distributed: install it with pip install 'napari-unet-finetune[distributed]'."
        ) from None
    if where.startswith("local:"):
        count = where.removeprefix("local:")
        if not count.isdigit() or int(count) < 1:
            raise UserError(f"--scheduler {where} is not possible: give the number of workers, as in local:2.")
        with (
            LocalCluster(n_workers=int(count), threads_per_worker=1, **_QUIET) as cluster,
            Client(cluster) as client,
        ):
            yield DaskScheduler(client)
        return
    try:
        client = Client(where, timeout="10s")
    except (OSError, ValueError, TimeoutError) as error:
        raise UserError(f"No scheduler answers at {where}: start one with dask scheduler, or give local:N.") from error
    with client:
        yield DaskScheduler(client)
