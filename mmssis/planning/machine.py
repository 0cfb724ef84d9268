"""The machine that a run is planned for, and the config to start from on it."""

from typing import NamedTuple, Optional

CPU_BASE = 'mmssis::own_data/mask2former_lite0_cpu.py'
GPU_BASE = 'mmssis::own_data/mask2former_r50_one-gpu.py'
# Room for 1 + 1 images of 800 x 800, by PIXELS_PER_GIB; cards of 8 GB report a little less.
LEAST_GPU_MEMORY = 7.5
# Four images of 1024 x 1024 fill a GPU of 24 GB, as GPU_BASE says.
PIXELS_PER_GIB = 4 * 1024**2 / 24
USUAL_ON_CPU, LARGEST_ON_CPU, LARGEST_ON_GPU = 384, 512, 1280


class Machine(NamedTuple):
    """Where the model will be trained.

    Attributes:
        gpu: name of the first GPU; None without.
        memory: of that GPU in GiB, > 0; 0 without.
    """

    gpu: Optional[str] = None
    memory: float = 0.0


class Base(NamedTuple):
    """The shipped config to start from.

    Attributes:
        config: its name for ``_base_``.
        reason: why this one.
        memory: of the GPU in GiB that limits batch and image size; None: time limits them.
        usual_size: largest side of its images in pixels for objects that are not tiny.
        largest_size: the same for tiny objects, whatever the memory.
        evaluates_at_image_size: whether validation shows images at ``image_size`` too.
    """

    config: str
    reason: str
    memory: Optional[float]
    usual_size: int
    largest_size: int
    evaluates_at_image_size: bool


def machine_at_hand() -> Machine:
    """The first GPU that torch sees, or the CPU."""
    import torch
    if not torch.cuda.is_available():
        return Machine()
    found = torch.cuda.get_device_properties(0)
    return Machine(found.name, found.total_memory / 2**30)


def choose_base(machine: Machine) -> Base:
    """The config for a machine.

    Args:
        machine: what there is.
    """
    if machine.gpu is None:
        return Base(CPU_BASE, 'no GPU was found', None, USUAL_ON_CPU, LARGEST_ON_CPU, True)
    found = f'{machine.gpu}, {machine.memory:.0f} GB'
    if machine.memory < LEAST_GPU_MEMORY:
        return Base(CPU_BASE, f'the small model: {found}', None, USUAL_ON_CPU, LARGEST_ON_CPU, True)
    return Base(GPU_BASE, found, machine.memory, LARGEST_ON_GPU, LARGEST_ON_GPU, False)
