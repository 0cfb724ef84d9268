"""Time and memory of a piece of code, on CPU and CUDA."""

import statistics
import time
from typing import Any, Callable, Dict, List, NamedTuple, Sequence, Tuple

import torch
from torch.autograd.profiler import profile


def now(device: torch.device) -> float:
    """Seconds of a clock, after the device has finished all work given to it."""
    if device.type == 'cuda':
        torch.cuda.synchronize(device)
    return time.perf_counter()


class Span(NamedTuple):
    """Seconds of the wall clock and of this process's threads on the processor."""

    wall: float
    processor: float


class Stopwatch:
    """Measures from when it is made.

    Processor time hardly depends on what else a shared machine does; it leaves out the
    processes that load data, and says nothing about a GPU.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._start = Span(now(device), time.process_time())

    def read(self) -> Span:
        """Time since the start."""
        wall, processor = now(self._device), time.process_time()
        return Span(wall - self._start.wall, processor - self._start.processor)


def median_span(spans: Sequence[Span]) -> Span:
    """Median of each of the two times."""
    return Span(*(statistics.median(times) for times in zip(*spans)))


def alternate(functions: Dict[str, Callable[[], Any]], iters: int,
              device: torch.device) -> Dict[str, Span]:
    """Median time of functions that take turns, so that drift of the machine hits all alike.

    Args:
        functions: name to function; each runs once untimed first.
        iters: timed calls of each, >= 1.
        device: device on which they work.

    Returns:
        Name to median time of a call.
    """
    times: Dict[str, List[Span]] = {name: [] for name in functions}
    for i in range(iters + 1):
        for name, function in functions.items():
            watch = Stopwatch(device)
            function()
            if i:
                times[name].append(watch.read())
    return {name: median_span(spans) for name, spans in times.items()}


def run_tracking_memory(function: Callable[[], Any], device: torch.device) -> Tuple[Any, int]:
    """Result of a function and the peak of what it had allocated beyond what was there before.

    Args:
        function: what to run; its result counts as memory.
        device: device on which it works.

    Returns:
        The result and bytes of torch's allocator.
    """
    if device.type == 'cuda':
        torch.cuda.synchronize(device)
        before = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        result = function()
        torch.cuda.synchronize(device)
        return result, torch.cuda.max_memory_allocated(device) - before
    with profile(profile_memory=True, use_kineto=True) as profiler:
        result = function()
    events = [event for event in profiler.kineto_results.events() if event.name() == '[memory]']
    current = peak = 0
    # torch before 2.2 counts microseconds.
    for event in sorted(events, key=lambda event: (
            event.start_ns() if hasattr(event, 'start_ns') else event.start_us())):
        current += event.nbytes()
        peak = max(peak, current)
    return result, peak


class StageClock:
    """Time spent in each of several functions, on a clock that waits for the device."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.seconds: Dict[str, float] = {}

    def watch(self, name: str, owner: Any, attribute: str) -> None:
        """Replace a function of an object by one that is timed; times of one name add up."""
        setattr(owner, attribute, _Timed(getattr(owner, attribute), name, self))


class _Timed:
    """A callable object whose calls are timed; it is the object in every other respect."""

    def __init__(self, wrapped: Callable, name: str, clock: StageClock) -> None:
        self._wrapped, self._name, self._clock = wrapped, name, clock

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        start = now(self._clock.device)
        result = self._wrapped(*args, **kwargs)
        passed = now(self._clock.device) - start
        self._clock.seconds[self._name] = self._clock.seconds.get(self._name, 0.0) + passed
        return result

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._wrapped, attribute)
