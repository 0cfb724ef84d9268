"""One rank of the tests of models on two ranks: ``torchrun --nproc_per_node 2 ddp_models.py``."""

import torch
import torch.distributed as dist
from mmengine.registry import DefaultScope
from reference.rank_equations import QueuePerClass
from test_class_feature_bank import K, S, assert_equals, news
from test_rank_statistics_weights import (agree, features_of, hook_and_teacher, learned,
                                          pseudo_labels)
from torch.nn.parallel import DistributedDataParallel
from toy import labeled_sample
from toy_knet import build_knet

from mmssis.models.pseudo_labels import ClassFeatureBank


def assert_shared(value: torch.Tensor) -> None:
    """Both ranks hold the same values."""
    other = value.clone()
    dist.broadcast(other, 0)
    assert value.isfinite().all() and torch.equal(value, other)


def knet(rank: int) -> None:
    """Rank 1 has no instance, and DDP does not look for unused parameters."""
    torch.manual_seed(rank)
    images = torch.randn(2, 3, 64, 64)
    with DefaultScope.overwrite_default_scope('mmdet'):
        model = DistributedDataParallel(build_knet())
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    for _ in range(2):
        samples = [labeled_sample(64, names) for names in (((), ()) if rank else ((0, 1), (2, )))]
        optimizer.zero_grad()
        sum(model(images, samples, mode='loss').values()).backward()
        optimizer.step()
    assert_shared(torch.cat([value.detach().flatten() for value in model.parameters()]))


def bank(rank: int) -> None:
    """Updates with different numbers of features per rank give the reference's bank."""
    steps = [((0, 1, 0), ()), ((), (0, )), ((), ()), ((0, ) * 9, (0, 0, 2)), ((1, -1), (1, 2, K))]
    for max_new in (S, 2):
        found, expected = ClassFeatureBank(K, 4, S, max_new), QueuePerClass(K, S, max_new)
        for step, labels in enumerate(steps):
            ranks = [news(*labels[i], seed=2 * step + i) for i in (0, 1)]
            found.update(*ranks[rank])
            expected.update(*([value.tolist() for value in each] for each in ranks))
            assert_equals(found, expected)
            assert_shared(found.features)


def rank_statistics(rank: int) -> None:
    """Learn from labels and from reliable pixels; rank 1 has neither."""
    hook, teacher = hook_and_teacher()
    learned(hook, teacher, labels=() if rank else (0, 1))
    assert hook.labeled.counts.tolist() == [2, 2, 0, 4]
    instances = pseudo_labels(() if rank else (0, 2))
    instances.mask_logits = 99 * instances.mask_logits
    if rank == 0:
        agree(instances, [True, True])
    teacher.show(features_of(1, seed=rank))
    hook([instances], None)
    assert hook.reliable.counts.tolist() == [1, 0, 1, 0]
    for value in hook.state_dict().values():
        assert_shared(value)


def main() -> None:
    """Run every scenario."""
    torch.set_num_threads(1)
    dist.init_process_group('gloo')
    for scenario in (knet, bank, rank_statistics):
        scenario(dist.get_rank())
        dist.barrier()
        if dist.get_rank() == 0:
            print(f'scenario {scenario.__name__} ok', flush=True)
    dist.destroy_process_group()


if __name__ == '__main__':
    main()
