"""Networks on parts of a batch, each part on a thread of its own.

The images are so small that threads which share one operation spend most of it waiting for each
other. Here a thread takes its part through all layers, and threads wait for each other once. A
part is 64 images whatever the number of threads, so that results do not depend on that number.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial, reduce
from typing import Any

import torch
from torch import Tensor, nn

PART = 64


class Divisible(nn.Module):
    """A network without batch statistics, whose layers may run on parts of a batch."""

    net: nn.Sequential
    threads: "Threads | None" = None

    def forward(self, inputs: Tensor) -> Tensor:
        """Returns what the layers make of a batch, with shape :math:`(B, *)`."""
        return self.net(inputs) if self.threads is None else self.threads.run(self.net, inputs)


class Threads:
    """The calling thread and some more, which share the parts of a batch.

    Arguments:
        pool: The other threads; `None` if there is none.
    """

    def __init__(self, pool: ThreadPoolExecutor | None) -> None:
        self.pool = pool

    def each(self, function: Callable, *columns: Sequence) -> list:
        """Returns the results for each part, in order; the caller takes the first part."""
        first, *rest = zip(*columns, strict=True)
        if self.pool is None:
            return [function(*part) for part in (first, *rest)]
        awaited = [self.pool.submit(function, *part) for part in rest]
        return [function(*first), *(future.result() for future in awaited)]

    def run(self, layers: nn.Module, inputs: Tensor) -> Tensor:
        """Runs layers on a batch, in parts where that is possible."""
        if len(inputs) <= PART or inputs.device.type != "cpu":
            return layers(inputs)
        if torch.is_grad_enabled():
            weights = [weight for weight in layers.parameters() if weight.requires_grad]
            return _InParts.apply(self, layers, inputs, *weights)
        return torch.cat(self.each(torch.no_grad()(layers.forward), inputs.split(PART)))


class _InParts(torch.autograd.Function):
    """Layers on parts of a batch; the gradients of the weights are the sums over the parts."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        threads: Threads,
        layers: nn.Module,
        inputs: Tensor,
        *weights: Tensor,
    ) -> Tensor:
        def run(part: Tensor) -> tuple[Tensor, Tensor]:
            with torch.enable_grad():
                leaf = part.detach().requires_grad_(ctx.needs_input_grad[2])
                return leaf, layers(leaf)

        ctx.threads, ctx.weights = threads, weights
        ctx.parts = threads.each(run, inputs.split(PART))
        return torch.cat([output.detach() for _, output in ctx.parts])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:  # noqa: ANN401
        by_inputs = ctx.needs_input_grad[2]

        def pull(part: tuple[Tensor, Tensor], by_output: Tensor) -> tuple[Tensor, ...]:
            leaf, output = part
            leaves = (leaf, *ctx.weights) if by_inputs else ctx.weights
            return torch.autograd.grad(output, leaves, by_output)

        found = [*zip(*ctx.threads.each(pull, ctx.parts, gradient.split(PART)), strict=True)]
        first = torch.cat(found.pop(0)) if by_inputs else None
        return (None, None, first, *(reduce(Tensor.add_, column) for column in found))


@contextmanager
def in_parts(model: nn.Module) -> Iterator[None]:
    """Lets the threads of torch share the networks of a model by parts of the batch.

    An operation has one thread meanwhile. A model without such networks stays as it is.

    Arguments:
        model: The model, whose networks are :class:`Divisible`.
    """
    networks = [module for module in model.modules() if isinstance(module, Divisible)]
    number = torch.get_num_threads()
    if not networks:
        yield
        return
    torch.set_num_threads(1)
    # OpenMP gives each thread a number of its own, at first that of all cores.
    others = ThreadPoolExecutor(max(1, number - 1), initializer=partial(torch.set_num_threads, 1))
    with others as pool:
        for network in networks:
            network.threads = Threads(pool if number > 1 else None)
        try:
            yield
        finally:
            for network in networks:
                network.threads = None
            torch.set_num_threads(number)
