"""Several processes without a GPU: for tests, and to try a distributed run on a laptop."""

import os
from datetime import timedelta
from typing import List, Optional

import torch
from mmengine.config import Config
from mmengine.model import MMDistributedDataParallel
from mmengine.registry import MODEL_WRAPPERS
from torch import distributed, nn


@MODEL_WRAPPERS.register_module()
class CPUDistributedDataParallel(MMDistributedDataParallel):
    """``MMDistributedDataParallel`` on the CPU.

    MMEngine gives every wrapper a GPU index, which DDP refuses where there is no GPU.

    Args:
        module (nn.Module): The model.
        device_ids (list[int], optional): MMEngine's GPU index; not used.
        find_unused_parameters (bool): Whether to look for parameters without a gradient.
    """

    def __init__(self, module: nn.Module, device_ids: Optional[List[int]] = None,
                 find_unused_parameters: bool = False) -> None:
        super().__init__(module, broadcast_buffers=False,
                         find_unused_parameters=find_unused_parameters)


def use_cpu_for_distributed(cfg: Config) -> None:
    """Start the process group with gloo and let the Runner wrap the model for the CPU.

    MMEngine's own start selects a GPU for each rank. Call it before the Runner is built, with the
    environment of torchrun.

    Args:
        cfg (Config): The run; ``model_wrapper_cfg`` is set in place.

    Raises:
        RuntimeError: If torchrun's environment variables are missing.
    """
    missing = {'RANK', 'WORLD_SIZE', 'MASTER_ADDR', 'MASTER_PORT'} - set(os.environ)
    if missing:
        raise RuntimeError(f'--launcher pytorch without {", ".join(sorted(missing))} in the '
                           'environment: start it with tools/dist_train.sh or tools/dist_test.sh')
    seconds = cfg.get('env_cfg', {}).get('dist_cfg', {}).get('timeout', 1800)
    distributed.init_process_group('gloo', timeout=timedelta(seconds=seconds))
    cfg.model_wrapper_cfg = dict(
        type='CPUDistributedDataParallel',
        find_unused_parameters=cfg.get('find_unused_parameters', False))


def must_use_cpu(launcher: str) -> bool:
    """Tell whether a launcher's processes have no GPU to use."""
    return launcher == 'pytorch' and not torch.cuda.is_available()
