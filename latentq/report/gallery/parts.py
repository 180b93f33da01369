"""What the page has of a model: Kraus matrices, layers of the decoder, the recipe of the start."""

import base64
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from latentq.diffusion import ForwardProcess, QuDDPM
from latentq.diffusion.chain import CHECKED
from latentq.errors import InputError
from latentq.models.hybrid import LatentQ

SHORT = 3  # Bytes of a weight: 16 bits of precision, which moves no pixel by more than 1e-4.


def pack(tensor: Tensor, size: int = 4) -> str:
    """Writes real numbers as base64: of each float32 the upper bytes, rounded, least first.

    Arguments:
        tensor: The numbers, finite, of any shape.
        size: The number of bytes for each, 3 or 4.
    """
    words = tensor.detach().to(torch.float32).flatten().contiguous().numpy().view(np.uint32)
    dropped = 8 * (4 - size)
    half = np.uint32((1 << dropped) >> 1)
    rounded = ((words + half) >> np.uint32(dropped)).astype("<u4")
    return base64.b64encode(rounded.view(np.uint8).reshape(-1, 4)[:, :size].tobytes()).decode()


def check_model(model: nn.Module, name: str) -> tuple[LatentQ, QuDDPM, ForwardProcess]:
    """Returns a model with its chain and its forward process, if the page can run it.

    Raises:
        InputError: If it has no circuits that measure ancillas, does not start in basis states,
            or has a single qubit.
    """
    chain = getattr(model, "prior", None)
    if not (isinstance(model, LatentQ) and isinstance(chain, QuDDPM) and chain.pure):
        raise InputError(
            "checkpoint: must be a quantum model whose circuits measure ancillas, "
            f"was {name}, a {type(model).__name__}; try checkpoint=quantum"
        )
    process = chain.forward_process
    if not isinstance(process, ForwardProcess) or process.terminal != "basis":
        raise InputError(
            f"checkpoint: must start in basis states, with prior.terminal=basis, was {name}, "
            f"with {getattr(process, 'terminal', type(process).__name__)}"
        )
    if process.qubits < 2:
        raise InputError(f"checkpoint: must have at least 2 qubits, was {name}, with 1")
    return model, chain, process


@torch.no_grad()
def kraus_matrices(chain: QuDDPM) -> list[Tensor]:
    r"""Returns the Kraus matrices :math:`K_m` of each step, with shape :math:`(M_t, d, d)`.

    Column :math:`j` of :math:`K_m` is the branch :math:`m` of the basis state
    :math:`| j \rangle`.
    """
    basis = torch.eye(2**chain.forward_process.qubits, dtype=torch.complex64)
    branches = [run(basis) for run in chain.instruments([*range(chain.steps)], CHECKED)]
    return [found.permute(1, 2, 0) for found in branches]


def layers_of(decoder: nn.Module) -> list[dict[str, Any]]:
    """Describes a decoder as the list of layers that the page applies.

    Raises:
        InputError: If it has a layer that the page does not know.
    """
    found, grid = [], 1
    for module in decoder.modules():
        if isinstance(module, nn.Linear):
            found.append(_linear(module))
        elif isinstance(module, nn.SiLU):
            found.append({"kind": "silu"})
        elif isinstance(module, nn.Unflatten):
            grid = int(module.unflattened_size[-1])
        elif isinstance(module, nn.ConvTranspose2d):
            found.append(_transposed(module, grid))
            grid = found[-1]["width"]
        elif not [*module.children()]:
            raise InputError(
                f"checkpoint: must have a decoder of linear, SiLU and transposed convolutions, "
                f"had a {type(module).__name__}"
            )
    return found


def _weights(module: nn.Linear | nn.ConvTranspose2d) -> dict[str, str]:
    assert module.bias is not None
    return {"weight": pack(module.weight, SHORT), "bias": pack(module.bias, SHORT)}


def _linear(module: nn.Linear) -> dict[str, Any]:
    sizes = {"inputs": module.in_features, "outputs": module.out_features}
    return {"kind": "linear", **sizes, **_weights(module)}


def _transposed(module: nn.ConvTranspose2d, grid: int) -> dict[str, Any]:
    (kernel, *_), (stride, *_) = module.kernel_size, module.stride
    padding = int(module.padding[0])
    return {
        "kind": "transposed",
        "inputs": module.in_channels,
        "outputs": module.out_channels,
        "size": grid,
        "width": (grid - 1) * stride - 2 * padding + kernel,
        "stride": stride,
        "padding": padding,
        "kernelSize": kernel,
        **_weights(module),
    }
