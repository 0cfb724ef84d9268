"""One rank of the DDP test: rank 1 has no instance, and DDP does not look for unused parameters."""

import torch
import torch.distributed as dist
from mmengine.registry import DefaultScope
from torch.nn.parallel import DistributedDataParallel
from toy import labeled_sample
from toy_knet import build_knet

import mmssis  # noqa: F401


def main() -> None:
    """Two steps; then both ranks must hold the same weights."""
    dist.init_process_group('gloo')
    torch.manual_seed(dist.get_rank())
    images = torch.randn(2, 3, 64, 64)
    labels = ((0, 1), (2, )) if dist.get_rank() == 0 else ((), ())
    with DefaultScope.overwrite_default_scope('mmdet'):
        model = DistributedDataParallel(build_knet())
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    for _ in range(2):
        samples = [labeled_sample(64, names) for names in labels]
        losses = model(images, samples, mode='loss')
        optimizer.zero_grad()
        sum(losses.values()).backward()
        optimizer.step()
    own = torch.cat([value.detach().flatten() for value in model.parameters()])
    other = own.clone()
    dist.broadcast(other, 0)
    assert own.isfinite().all() and torch.equal(own, other)
    print(f'rank {dist.get_rank()} ok', flush=True)
    dist.destroy_process_group()


if __name__ == '__main__':
    main()
